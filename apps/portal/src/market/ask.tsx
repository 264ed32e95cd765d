/** Asking the supplier, and trying a product, from its page. */
import { createEnquiry, requestTrial } from '@shugu/wire/market-more';
import { useNavigate } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';

export const AskAndTry = ({ listing, trial, own }: { listing: string; trial: boolean; own: boolean }) => {
  const { t } = useWords();
  const navigate = useNavigate();
  const blocked = own ? t('product.ownGoods') : null;
  return (
    <>
      <Action
        endpoint={requestTrial}
        label={t('product.try')}
        blocked={blocked ?? (trial ? null : t('product.noTrial'))}
        explain={<p>{t('product.tryExplain')}</p>}
        input={() => ({ params: { id: listing }, body: {} })}
        after={() => navigate({ to: paths.grants })}
      />
      <Action
        endpoint={createEnquiry}
        label={t('product.ask')}
        blocked={blocked}
        fields={[
          field('title', 'text', ['标题', 'Title'], { required: true }),
          field('text', 'longText', ['内容', 'Text'], { required: true, charactersMax: 4000 }),
        ]}
        input={(values) => ({ body: { about: { kind: 'listing', id: listing }, ...values } as never })}
        after={(reply) => navigate({ to: paths.enquiry(reply.id) })}
      />
    </>
  );
};
