/** What every order of an authority says: what it aims at, on what it stands, and why. Directives and legal holds share it. */
import { choicesOf } from '../registry/fields.ts';
import { type FormField, field } from '../ui/fields.tsx';

export const basisField = field('basis', 'text', ['法律依据', 'Legal basis'], { required: true });
export const reasonField = field('reason', 'longText', ['理由', 'Reason'], { required: true, charactersMax: 2000 });

/** `kinds`: what can be aimed at; `measure`: what is ordered; `limits`: how long, by when. */
export const orderFields = (
  kinds: readonly string[],
  { measure = [], limits = [] }: { measure?: FormField[]; limits?: FormField[] },
): FormField[] => [
  field('target.kind', 'choice', ['对象种类', 'Kind of object'], {
    required: true,
    choices: choicesOf('targetKind', kinds),
  }),
  field('target.id', 'text', ['对象编号', 'Identifier'], { required: true }),
  ...measure,
  basisField,
  reasonField,
  ...limits,
];
