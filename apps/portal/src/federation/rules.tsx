/** Rules that answer negotiations and transfers: their order, what each says, and what they would have said lately. */
import { type ReactionRule, setRules, tryRules } from '@shugu/wire/federation';
import { listListings } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { type Choice, RuleForm } from './rule-form.tsx';
import { conditionsOf, reactionText } from './rule-words.ts';
import { useTermWords } from './terms.tsx';

type Tried = Reply<typeof tryRules>['items'][number];

const moved = (list: readonly ReactionRule[], from: number, to: number): ReactionRule[] => {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
};

/** Products and offers of ours that a rule may name. */
const useGoods = (): { products: Choice[]; offers: Choice[] } => {
  const read = useRead(listListings, { query: { limit: 100, state: 'listed' } });
  const listed = read.data?.items ?? [];
  return {
    products: listed.map(({ product, productName }) => [product, productName, productName]),
    offers: listed.flatMap(({ productName, plans }) =>
      plans.map(({ offer, title }): Choice => [offer, `${productName} · ${title}`, `${productName} · ${title}`]),
    ),
  };
};

const TriedTable = ({ of }: { of: readonly Tried[] }) => {
  const { t, w } = useWords();
  const { pricesIn } = useTermWords();
  const would = ({ rule, reaction }: Tried) =>
    rule === null
      ? t('rules.byNone', { reaction: w('ruleReaction', reaction) })
      : t('rules.byRule', { place: rule + 1, reaction: w('ruleReaction', reaction) });
  return (
    <>
      <h3 style={{ marginTop: 20 }}>{t('rules.tried')}</h3>
      <DataTable<Tried>
        label={t('rules.tried')}
        dataSource={of}
        rowKey={(row) => `${row.process}${row.at}${row.act}`}
        pagination={false}
        locale={{ emptyText: <Empty title={t('rules.triedNone')} /> }}
        columns={[
          {
            key: 'product',
            title: t('process.product'),
            render: (_, row) => <Link to={paths.process(row.process)}>{row.title ?? row.process}</Link>,
          },
          {
            key: 'who',
            title: t('process.counterparty'),
            render: (_, row) => <Long text={row.counterparty} />,
          },
          {
            key: 'act',
            title: t('process.theySaid'),
            render: (_, row) => (
              <>
                {w('ruleOn', row.act)} <div className="small quiet">{pricesIn(row)}</div>
              </>
            ),
          },
          {
            key: 'would',
            title: t('rules.would'),
            render: (_, row) => (
              <>
                <b>{would(row)}</b>
                <div className="small quiet">{row.answer ? pricesIn(row.answer) : null}</div>
              </>
            ),
          },
          {
            key: 'said',
            title: t('rules.said'),
            render: (_, row) => (row.said ? w('ruleReaction', row.said) : '—'),
          },
          { key: 'at', title: t('app.createdAt'), render: (_, row) => <When at={row.at} /> },
        ]}
      />
    </>
  );
};

interface Editing {
  open: boolean;
  place: number | undefined;
}

export const Rules = ({ of: saved }: { of: ReactionRule[] }) => {
  const { t, w } = useWords();
  const [draft, setDraft] = useState<ReactionRule[]>();
  const [editing, setEditing] = useState<Editing>({ open: false, place: undefined });
  const [tried, setTried] = useState<Tried[]>();
  const { products, offers } = useGoods();
  const rules = draft ?? saved;
  const names = new Map([...products, ...offers].map(([id, name]) => [id, name]));
  const words = { t, w, nameOf: (id: string) => names.get(id) ?? id };
  const change = (next: ReactionRule[]) => {
    setTried(undefined);
    setDraft(next);
  };
  const put = (rule: ReactionRule) => {
    const { place } = editing;
    change(place === undefined ? [...rules, rule] : rules.map((one, at) => (at === place ? rule : one)));
    setEditing({ open: false, place });
  };
  const { open, place: edited } = editing;
  return (
    <Sheet title={t('rules.title')}>
      <p className="quiet">{t('rules.lead')}</p>
      {rules.length === 0 ? <Empty title={t('rules.none')}>{t('rules.noneText')}</Empty> : null}
      <ol className="rule-list" aria-label={t('rules.title')}>
        {rules.map((rule, place) => {
          const named = t('rules.place', { place: place + 1 });
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two rules may say the same; their place is what tells them apart.
            <li key={place} className="row between">
              <span>
                {conditionsOf(rule, words).join(' · ')}
                <div>
                  → <b>{reactionText(rule, words)}</b>
                </div>
              </span>
              <span className="row">
                <Button
                  size="small"
                  disabled={place === 0}
                  aria-label={`${t('rules.up')} · ${named}`}
                  onClick={() => change(moved(rules, place, place - 1))}
                >
                  ↑
                </Button>
                <Button
                  size="small"
                  disabled={place === rules.length - 1}
                  aria-label={`${t('rules.down')} · ${named}`}
                  onClick={() => change(moved(rules, place, place + 1))}
                >
                  ↓
                </Button>
                <Button
                  size="small"
                  aria-label={`${t('rules.edit')} · ${named}`}
                  onClick={() => setEditing({ open: true, place })}
                >
                  {t('rules.edit')}
                </Button>
                <Button
                  size="small"
                  danger
                  aria-label={`${t('rules.remove')} · ${named}`}
                  onClick={() => change(rules.filter((_, at) => at !== place))}
                >
                  {t('rules.remove')}
                </Button>
              </span>
            </li>
          );
        })}
      </ol>
      <RuleForm
        open={open}
        rule={edited === undefined ? undefined : rules[edited]}
        products={products}
        offers={offers}
        onDone={put}
        onClose={() => setEditing({ open: false, place: edited })}
      />
      <div className="row">
        <Button onClick={() => setEditing({ open: true, place: undefined })}>{t('rules.add')}</Button>
        <Action
          endpoint={tryRules}
          label={t('rules.try')}
          input={() => ({ body: { rules } })}
          after={({ items }) => setTried(items)}
        />
        <Action
          endpoint={setRules}
          label={t('rules.save')}
          primary
          blocked={draft === undefined && t('rules.nothingNew')}
          input={() => ({ body: { rules } })}
          after={() => setDraft(undefined)}
        />
        {draft ? (
          <>
            <Button onClick={() => setDraft(undefined)}>{t('rules.reset')}</Button>
            <span className="small late" role="status">
              {t('rules.unsaved')}
            </span>
          </>
        ) : null}
      </div>
      {tried ? <TriedTable of={tried} /> : null}
    </Sheet>
  );
};
