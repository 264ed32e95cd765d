import { listProcesses } from '@shugu/wire/federation';
import { readCatalogueElsewhere } from '@shugu/wire/federation-elsewhere';
import { Link } from '@tanstack/react-router';
import { Button, Form } from 'antd';
import { useRead } from '../api.ts';
import { DatasetElsewhere, type Partner } from '../federation/offered.tsx';
import { homeOf } from '../federation/process.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { FieldItems, field } from '../ui/fields.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';

const fields = [
  field('counterparty', 'text', ['对方标识（DID）', 'Its identifier (DID)'], { required: true, charactersMax: 1000 }),
  field('address', 'text', ['对方协议地址（可不填）', 'Its protocol address (may be left out)'], {
    charactersMax: 1000,
    help: {
      zh: '不填则按其 DID 查找。对方连接器页面上有此地址，如 https://node.example/dsp/org/2025-1',
      en: 'Found by its DID if left out. Its connector page shows it, for instance https://node.example/dsp/org/2025-1',
    },
  }),
];
const knownMax = 6;

/** Whom we have dealt with before. */
const useKnown = (): Partner[] => {
  const read = useRead(listProcesses, { query: { limit: 100 } });
  const all = (read.data?.items ?? []).map(({ counterparty, address }) => ({ counterparty, address }));
  return all
    .filter((one, place) => all.findIndex((other) => other.counterparty === one.counterparty) === place)
    .slice(0, knownMax);
};

const Catalogue = ({
  partner,
  next,
  onNext,
}: {
  partner: Partner;
  next: string | undefined;
  onNext: (next: string) => void;
}) => {
  const { t } = useWords();
  const read = useRead(readCatalogueElsewhere, { body: { ...partner, ...(next ? { next } : {}) } });
  return (
    <Loaded of={read}>
      {({ participant, items, next: more }) => (
        <>
          {participant !== null && participant !== partner.counterparty ? (
            <p className="late">{t('partner.another', { participant })}</p>
          ) : null}
          {items.length === 0 ? <Empty title={t('partner.none')}>{t('partner.noneText')}</Empty> : null}
          {items.map((one) => (
            <DatasetElsewhere key={one.id} partner={partner} dataset={one} />
          ))}
          {more ? <Button onClick={() => onNext(more)}>{t('partner.more')}</Button> : null}
        </>
      )}
    </Loaded>
  );
};

/** The catalogue of another connector, as it is offered to us: where a negotiation with a provider elsewhere begins. */
export default function PartnerCataloguePage() {
  const { t } = useWords();
  const [{ counterparty, address, next }, setFilters] = useFilters();
  const [form] = Form.useForm<Partner>();
  const known = useKnown();
  const show = (partner: Partner) => {
    form.setFieldsValue(partner);
    const address = partner.address?.trim() || undefined;
    setFilters({ counterparty: partner.counterparty.trim(), address, next: undefined });
  };
  return (
    <Page title={t('partner.title')} lead={t('partner.lead')}>
      <p>
        <Link to={paths.connector}>{t('menu.connector')}</Link> › {t('partner.title')}
      </p>
      <Sheet title={t('partner.who')}>
        <Form
          form={form}
          layout="vertical"
          style={{ maxWidth: 760 }}
          initialValues={{ counterparty, address }}
          onFinish={show}
        >
          <FieldItems fields={fields} />
          <Button type="primary" htmlType="submit">
            {t('partner.read')}
          </Button>
        </Form>
        {known.length > 0 ? (
          <div className="row" style={{ marginTop: 12 }}>
            <span className="quiet">{t('partner.known')}</span>
            {known.map((one) => (
              <Button key={one.counterparty} size="small" onClick={() => show(one)} title={one.counterparty}>
                {homeOf(one.counterparty)}
              </Button>
            ))}
          </div>
        ) : null}
      </Sheet>
      {counterparty ? (
        <Catalogue
          partner={{ counterparty, ...(address ? { address } : {}) }}
          next={next}
          onNext={(more) => setFilters({ next: more })}
        />
      ) : null}
    </Page>
  );
}
