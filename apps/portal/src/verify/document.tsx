/** The document of a paper for people: words for its names, money as money, days as days. The bundle keeps every byte. */
import type { ReactNode } from 'react';
import { listMark, useWords } from '../i18n/index.ts';
import { type Plan, planText } from '../market/price.ts';
import { money, percent } from '../ui/format.ts';
import { type Fact, Facts } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { OrganisationName } from '../ui/organisations.tsx';

type Document = Record<string, unknown>;

/** The named list that a field's code belongs to. */
const listOf: Record<string, string> = {
  way: 'way',
  settlementWay: 'way',
  basis: 'basis',
  conclusion: 'conclusion',
  right: 'right',
  role: 'legRole',
  askedBy: 'who',
  measure: 'measure',
  productKind: 'kind',
  deliveryModes: 'deliveryMode',
  level: 'signatureLevel',
  forum: 'forum',
};
/** `kind` names another list in every document: of contracts, of what they stand on, of what a directive is aimed at. */
const kinds = ['contractKind', 'basisKind', 'targetKind'];
/** For machines only: they are compared in the bundle, not read. */
const machineOnly = new Set([
  ...['policy', 'clauses', 'format', 'node', 'template', 'id', 'lifts'],
  ...['signature', 'keyId', 'authorityId', 'chain'],
]);

const isRecord = (value: unknown): value is Document => !!value && typeof value === 'object' && !Array.isArray(value);
const isText = (value: unknown): value is { zh: string; en: string } =>
  isRecord(value) && Object.keys(value).sort().join() === 'en,zh';
const isOrganisation = (value: unknown): value is string => typeof value === 'string' && value.startsWith('org_');
const isIdentifier = (value: unknown): boolean =>
  typeof value === 'string' && /^[a-z]{3}_[0-9a-z]{26}$/.test(value) && !isOrganisation(value);
const isEmpty = (value: unknown): boolean =>
  value === '' || value == null || (typeof value === 'object' && Object.keys(value).length === 0);

const Field = ({ name, value }: { name: string; value: unknown }): ReactNode => {
  const { t, w, language } = useWords();
  if (typeof value === 'boolean') return t(value ? 'app.yes' : 'app.no');
  if (name === 'plan' && isRecord(value) && 'kind' in value) return planText(value as Plan, language);
  if (Array.isArray(value))
    return value.some(isRecord)
      ? value.map((one) => <Field key={JSON.stringify(one)} name={name} value={one} />)
      : value.every(isOrganisation)
        ? value.map((id) => <OrganisationName key={id} id={id} />)
        : value.map((one) => (listOf[name] ? w(listOf[name], String(one)) : String(one))).join(listMark());
  if (isText(value)) return value[language];
  if (isRecord(value))
    return (
      <div style={{ borderLeft: '2px solid var(--line)', paddingLeft: 12, marginBottom: 6 }}>
        <Contents document={value} />
      </div>
    );
  const text = String(value ?? '');
  if (isOrganisation(value)) return <OrganisationName id={value} />;
  if (/fen$/i.test(name)) return money(text);
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return <When at={text} />;
  if (/^(taxR|r)ate$/.test(name)) return percent(text);
  if (/^sha256:|^sm3:/.test(text)) return <span className="mono small">{text}</span>;
  if (name === 'kind') return kinds.map((list) => w(list, text)).find((word) => word !== text) ?? text;
  return listOf[name] ? w(listOf[name], text) : text;
};

const Contents = ({ document }: { document: Document }) => {
  const { w } = useWords();
  return (
    <Facts
      items={Object.entries(document)
        .filter(([name, value]) => !machineOnly.has(name) && !isIdentifier(value) && !isEmpty(value))
        .map(([name, value]): Fact => [w('paperField', name), <Field key={name} name={name} value={value} />])}
    />
  );
};

export const PaperContents = ({ document }: { document: Document }) => {
  const { t } = useWords();
  return (
    <>
      <Contents document={document} />
      <p className="small quiet" style={{ margin: '12px 0 0' }}>
        {t('paper.identifiers')}
      </p>
    </>
  );
};
