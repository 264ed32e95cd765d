/** Pure decisions: who is which party, what is wrong with what a recipient asks, what is told of an end. */
import { type Computation, ownersOf, queryDigest } from '@shugu/private-compute';
import type { Problem } from '../kernel/problem.ts';
import type { ResourceDescription } from '../registry/index.ts';
import { problems } from './problems.ts';

export const sidesOf = (terms: Computation, participant: string) => ({
  owner: ownersOf(terms).includes(participant),
  recipient: terms.recipients.includes(participant),
});

/** Another query, or a value that nobody agreed on. */
export const askedWrong = (
  { query }: Computation,
  asked: { query: string; values: Readonly<Record<string, string>> },
): Problem | undefined => {
  if (asked.query !== query.digest) return problems.queryDiffers({ field: 'body.query' });
  const names = query.parameters.map(({ name }) => name);
  const extra = Object.keys(asked.values).find((name) => !names.includes(name));
  if (extra) return problems.parameterWrong({ field: `body.values.${extra}` });
  const wrong = query.parameters.find(
    ({ name, values }) => !Object.hasOwn(asked.values, name) || !values.includes(asked.values[name]!),
  );
  return wrong && problems.parameterWrong({ field: `body.values.${wrong.name}`, detail: wrong.values.join('、') });
};

/** What does not fit between a data set of a contract and what its owner has; an owner signs only for data of its own. */
export const dataFault = (
  { owner, version, columns }: Computation['dataSets'][number],
  found: ResourceDescription | undefined,
): string | undefined => {
  if (found?.participant !== owner) return 'resource';
  if (found.objects.normal !== version) return 'version';
  return columns.find(({ name, type }) => !found.columns.some((one) => one.name === name && one.type === type))?.name;
};

/** The query of the document is the one that was signed, or nothing runs. */
export const isWhole = ({ query }: Computation): boolean => queryDigest(query.sql) === query.digest;
