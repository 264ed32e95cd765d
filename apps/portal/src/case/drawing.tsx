/** The procedure as a drawing that the server makes from its table. */
import { cases } from '@shugu/wire/cases';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Loaded } from '../ui/frame.tsx';

export const Drawing = ({ procedure }: { procedure: string }) => {
  const { t, language } = useWords();
  const read = useRead(cases.drawing, { params: { procedure }, query: { language } });
  return (
    <Loaded of={read}>
      {(data) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard.
        <section className="drawing" tabIndex={0} aria-label={t('case.drawing')}>
          <img
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(data.svg)}`}
            alt={t('case.drawingOf', { procedure })}
          />
        </section>
      )}
    </Loaded>
  );
};
