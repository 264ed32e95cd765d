/** 全链条溯源: from any code along the whole chain, both ways. */
import { trace } from '@shugu/wire/supervision';
import { Link } from '@tanstack/react-router';
import { Input } from 'antd';
import { type ReactNode, useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { countText, money } from '../ui/format.ts';
import { Loaded } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';

type Traced = Reply<typeof trace>;

const Link1 = ({
  title,
  items,
}: {
  title: string;
  items: { key: string; at?: string; list?: string; state?: string; body: ReactNode }[];
}) => {
  if (!items.length) return null;
  return (
    <li>
      <b>{title}</b>
      {items.map((item) => (
        <div key={item.key} className="row between">
          <span>{item.body}</span>
          <span className="small quiet">
            {item.state ? <StateTag list={item.list} state={item.state} /> : null}{' '}
            {item.at ? <When at={item.at} /> : null}
          </span>
        </div>
      ))}
    </li>
  );
};

const Chain = ({ data }: { data: Traced }) => {
  const { t, w } = useWords();
  const node = (one: { id: string; state: string; at: string }) => ({ key: one.id, state: one.state, at: one.at });
  return (
    <ol className="card-list" style={{ marginTop: 14 }}>
      <Link1
        title={t('menu.resources')}
        items={data.resources.map((one) => ({
          ...node(one),
          list: 'resourceState',
          body: `${one.name} · ${one.holder.name}`,
        }))}
      />
      <Link1
        title={t('rights.title')}
        items={data.rights.map((one) => ({
          ...node(one),
          list: 'rightState',
          body: `${w('right', one.right)} · ${one.holder}`,
        }))}
      />
      <Link1
        title={t('rights.certificates')}
        items={data.certificates.map((one) => ({
          ...node(one),
          list: 'certificateState',
          body: <Link to={paths.verifyCode(one.code)}>{one.code}</Link>,
        }))}
      />
      <Link1
        title={t('products.name')}
        items={data.products.map((one) => ({
          ...node(one),
          list: 'productState',
          body: `${one.name} · ${one.supplier.name}`,
        }))}
      />
      <Link1
        title={t('menu.listingsAll')}
        items={data.listings.map((one) => ({
          ...node(one),
          list: 'listingState',
          body: <Link to={paths.listing(one.id)}>{one.number ?? one.id}</Link>,
        }))}
      />
      <Link1
        title={t('menu.orders')}
        items={data.orders.map((one) => ({
          ...node(one),
          list: 'orderState',
          body: (
            <>
              <Link to={paths.order(one.id)}>{one.number}</Link> {one.buyer.name} ← {one.supplier.name}
            </>
          ),
        }))}
      />
      <Link1
        title={t('menu.contractsAll')}
        items={data.contracts.map((one) => ({
          ...node(one),
          list: 'contractState',
          body: <Link to={paths.contract(one.id)}>{one.number ?? one.id}</Link>,
        }))}
      />
      <Link1
        title={t('menu.grants')}
        items={data.grants.map((one) => ({ ...node(one), list: 'state', body: one.contract ?? one.product }))}
      />
      <Link1
        title={t('menu.usage')}
        items={data.usage.map((one) => ({
          key: one.grant,
          body: `${w('metric', 'calls')} ${countText(one.calls)} · ${w('metric', 'rows')} ${countText(one.rows)}`,
        }))}
      />
      <Link1
        title={t('menu.statements')}
        items={data.statements.map((one) => ({
          ...node(one),
          list: 'statementState',
          body: `${one.number} ${money(one.total)}`,
        }))}
      />
      <Link1
        title={t('directive.title')}
        items={data.directives.map((one) => ({
          ...node(one),
          list: 'directiveState',
          body: `${one.number} ${w('measure', one.measure)}`,
        }))}
      />
    </ol>
  );
};

const Found = ({ code }: { code: string }) => {
  const read = useRead(trace, { params: { code } });
  return <Loaded of={read}>{(data) => <Chain data={data} />}</Loaded>;
};

export const Trace = () => {
  const { t } = useWords();
  const [code, setCode] = useState('');
  return (
    <>
      <p className="quiet">{t('supervision.traceText')}</p>
      <Input.Search
        style={{ maxWidth: 520 }}
        placeholder={t('supervision.traceCode')}
        aria-label={t('supervision.traceCode')}
        enterButton={t('supervision.traceGo')}
        onSearch={(text) => setCode(text.trim())}
      />
      {code ? <Found code={code} /> : null}
    </>
  );
};
