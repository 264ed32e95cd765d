/** Asking for the data by an agreement: in which of the types that the provider serves, and what each needs from us. */
import { requestTransfer } from '@shugu/wire/federation';
import { listFormats } from '@shugu/wire/federation-elsewhere';
import { fetchPurchase } from '@shugu/wire/nodes-trade';
import { Input, Radio } from 'antd';
import { createContext, useContext, useMemo, useState } from 'react';
import { useRead } from '../api.ts';
import { Password } from '../delivery/database-fields.tsx';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field, type WidgetProps } from '../ui/fields.tsx';
import { Loaded } from '../ui/frame.tsx';
import type { Process } from './process.ts';

interface Wish {
  format?: string;
  way?: string;
  endpoint?: string;
  token?: string;
}

const property = (name: string, value: string) => ({ '@type': 'EndpointProperty' as const, name, value });
/** Where our own receiver stands, by the HTTP push profile. */
const pushTo = ({ endpoint, token }: Wish) => ({
  '@type': 'DataAddress' as const,
  endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
  ...(endpoint ? { endpoint } : {}),
  ...(token ? { endpointProperties: [property('authorization', token), property('authType', 'bearer')] } : {}),
});

const Receiver = ({ wish, change }: { wish: Wish; change: (more: Wish) => void }) => {
  const { t } = useWords();
  return (
    <div style={{ marginTop: 12 }}>
      <label htmlFor="fetch-endpoint" style={{ display: 'block' }}>
        {t('fetch.endpoint')}
      </label>
      <Input
        id="fetch-endpoint"
        value={wish.endpoint}
        maxLength={1000}
        placeholder="https://"
        onChange={({ target }) => change({ endpoint: target.value })}
      />
      <label htmlFor="fetch-token" style={{ display: 'block', marginTop: 8 }}>
        {t('fetch.token')}
      </label>
      <Password id="fetch-token" value={wish.token} onChange={(token) => change({ token: token as string })} />
    </div>
  );
};

/** The types as the provider's catalogue has them now. */
const Picker = ({ id, onChange }: WidgetProps) => {
  const { t, w } = useWords();
  const { negotiation } = useContext(Asked);
  const read = useRead(listFormats, { params: { id: negotiation } });
  const [wish, setWish] = useState<Wish>({});
  // Nothing is chosen yet while a push has nowhere to go: the form says so.
  const change = (more: Wish) => {
    const next = { ...wish, ...more };
    setWish(next);
    onChange?.(next.way === 'push' && !/^https?:\/\/./.test(next.endpoint ?? '') ? undefined : next);
  };
  return (
    <Loaded of={read}>
      {({ offered, items }) => (
        <>
          {offered ? null : <p className="late">{t('fetch.unoffered')}</p>}
          {items.length === 0 ? <p className="late">{t('fetch.none')}</p> : null}
          <Radio.Group
            id={id}
            aria-label={t('fetch.format')}
            value={wish.format}
            onChange={({ target }) =>
              change({ format: target.value, way: items.find(({ format }) => format === target.value)?.way ?? 'none' })
            }
          >
            {items.map(({ format, way }) => (
              <Radio key={format} value={format} disabled={way === 'none'} style={{ display: 'flex', marginBottom: 8 }}>
                <b style={{ overflowWrap: 'anywhere' }}>{format}</b>
                <div className="small quiet">{w('formatNeeds', way)}</div>
              </Radio>
            ))}
          </Radio.Group>
          {wish.way === 'push' ? <Receiver wish={wish} change={change} /> : null}
        </>
      )}
    </Loaded>
  );
};

/** Whose types are asked for, for the picker within the form. */
const Asked = createContext({ negotiation: '' });
const fields = [field('wish', 'choice', ['传输类型', 'Type of transfer'], { required: true, widget: Picker })];
/** As the body of a request has it. */
const asked = ({ wish = {} }: { wish?: Wish }) => ({
  format: wish.format ?? '',
  ...(wish.way === 'push' ? { dataAddress: pushTo(wish) } : {}),
});

/** Of what was bought at another node: the same types, asked for through the purchase. */
export const FetchBought = ({ purchase, negotiation }: { purchase: string; negotiation: string }) => {
  const { t } = useWords();
  const of = useMemo(() => ({ negotiation }), [negotiation]);
  return (
    <Asked.Provider value={of}>
      <Action
        small
        endpoint={fetchPurchase}
        label={t('abroad.fetch')}
        done={t('abroad.fetched')}
        explain={<p>{t('process.fetchExplain')}</p>}
        fields={fields}
        input={(values) => ({ params: { id: purchase }, body: asked(values) })}
      />
    </Asked.Provider>
  );
};

export const Fetch = ({ of, agreement, unused }: { of: Process; agreement: string; unused: boolean }) => {
  const { t } = useWords();
  const { id, address } = of;
  const negotiation = useMemo(() => ({ negotiation: id }), [id]);
  return (
    <Asked.Provider value={negotiation}>
      <Action
        endpoint={requestTransfer}
        label={t('process.fetch')}
        primary={unused}
        explain={<p>{t('process.fetchExplain')}</p>}
        fields={fields}
        input={(values) => ({ body: { agreement, address, ...asked(values) } })}
      />
    </Asked.Provider>
  );
};
