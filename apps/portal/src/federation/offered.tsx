/** One data set of another connector's catalogue: what it is, how it can be had, at which terms; and asking for a contract about it. */
import { requestContract } from '@shugu/wire/federation';
import type { readCatalogueElsewhere } from '@shugu/wire/federation-elsewhere';
import { useNavigate } from '@tanstack/react-router';
import { Tag } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Facts, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { type Changes, changedIn, changeFieldsOf, changesFrom, type Terms, useTermWords } from './terms.tsx';

export type Offered = Reply<typeof readCatalogueElsewhere>['items'][number];
type Offer = Offered['offers'][number];
export interface Partner {
  counterparty: string;
  /** Found by its DID where it is left out. */
  address?: string | undefined;
}

/** In plain words: fields first, then every sentence. */
const Told = ({ terms }: { terms: Terms }) => {
  const { t, language } = useWords();
  const { rowsOf } = useTermWords();
  return (
    <>
      <Facts items={rowsOf(terms)} />
      {terms.sentences ? (
        <ul className="small">
          {terms.sentences[language].map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      ) : (
        <p className="late">{t('terms.unread')}</p>
      )}
    </>
  );
};

const Ask = ({ partner, dataset, offer }: { partner: Partner; dataset: Offered; offer: Offer }) => {
  const { t } = useWords();
  const navigate = useNavigate();
  const { told } = offer;
  const bodyOf = (changes: Changes) => ({
    ...partner,
    dataset: dataset.id,
    offer: offer.id,
    terms: offer.terms,
    ...(Object.keys(changes).length > 0 ? { changes } : {}),
    ...(dataset.title ? { title: dataset.title } : {}),
    ...(told.listed && told.price !== null ? { price: told.price } : {}),
    ...(told.listed && told.tiers !== null ? { tiers: told.tiers } : {}),
  });
  return (
    <Action
      endpoint={requestContract}
      label={t('partner.ask')}
      primary
      blocked={told.sentences === null && t('partner.unread')}
      explain={
        <>
          <p>{t('partner.askExplain')}</p>
          <Told terms={told} />
        </>
      }
      fields={changeFieldsOf(told)}
      initial={changesFrom(told)}
      input={(values) => ({
        body: bodyOf(changedIn(told, (values as { changes?: Changes }).changes)) as never,
      })}
      after={({ id }) => void navigate({ to: paths.process(id) })}
      width={760}
    />
  );
};

const OfferOf = ({ partner, dataset, offer }: { partner: Partner; dataset: Offered; offer: Offer }) => (
  <section className="tile" aria-label={offer.title ?? offer.id}>
    <h3 style={{ overflowWrap: 'anywhere' }}>{offer.title ?? <Long text={offer.id} />}</h3>
    <Told terms={offer.told} />
    <Ask partner={partner} dataset={dataset} offer={offer} />
  </section>
);

export const DatasetElsewhere = ({ partner, dataset }: { partner: Partner; dataset: Offered }) => {
  const { t, w } = useWords();
  return (
    <Sheet title={dataset.title ?? dataset.id}>
      {dataset.summary ? <p style={{ overflowWrap: 'anywhere' }}>{dataset.summary}</p> : null}
      <Facts
        items={[
          [t('process.dataset'), <Long key="id" text={dataset.id} />],
          [
            t('partner.formats'),
            dataset.formats.length === 0 ? (
              '—'
            ) : (
              <span key="formats" className="tags">
                {dataset.formats.map(({ format, way }) => (
                  <Tag key={format} style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
                    {format} · {w('formatWay', way)}
                  </Tag>
                ))}
              </span>
            ),
          ],
        ]}
      />
      {dataset.offers.length === 0 ? <p className="quiet">{t('partner.noOffers')}</p> : null}
      <div className="grid fill" style={{ marginTop: 12 }}>
        {dataset.offers.map((offer) => (
          <OfferOf key={offer.id} partner={partner} dataset={dataset} offer={offer} />
        ))}
      </div>
    </Sheet>
  );
};
