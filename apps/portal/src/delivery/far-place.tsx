/** One place outside whose secret we hold: its name, where it is, what the last check found, and what can be done with it. */
import type { Text } from '@shugu/wire';
import type { ReactNode } from 'react';
import { useWords } from '../i18n/index.ts';
import { When } from '../ui/now.tsx';

interface Place {
  name: string;
  place: string;
  checkedAt: string | null;
  checkFault: { title: Text; next: Text } | null;
}

export const FarPlace = ({ one, tag, children }: { one: Place; tag?: ReactNode; children: ReactNode }) => {
  const { t, b } = useWords();
  return (
    <li className="row between">
      <span>
        <b>{one.name}</b> {tag}
        <div className="mono small" style={{ overflowWrap: 'anywhere' }}>
          {one.place}
        </div>
        <div className={one.checkFault ? 'late small' : 'quiet small'}>
          {one.checkFault ? (
            `${b(one.checkFault.title)} — ${b(one.checkFault.next)}`
          ) : one.checkedAt ? (
            <>
              {t('push.checkedAt')} <When at={one.checkedAt} />
            </>
          ) : (
            t('push.unchecked')
          )}
        </div>
      </span>
      <span className="row">{children}</span>
    </li>
  );
};
