/** The same checks as handing in, without a case: most first submissions fail by what a machine can see. */
import { caseLimits } from '@shugu/wire/cases';
import { checkConstraints, checkForm, holds } from '../../kernel/case/form.ts';
import { caseProblems } from '../../kernel/case/index.ts';
import type { Reader } from '../../kernel/db/db.ts';
import type { FieldFault } from '../../kernel/problem.ts';
import type { RegistryDeps, RightKind, Text } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { registrableRights } from '../rules.ts';
import { checkFirst } from './applications.ts';

export interface Precheck {
  ready: boolean;
  registrable: RightKind[];
  faults: FieldFault[];
  warnings: { field: string; text: Text }[];
  papers: { id: string; title: Text }[];
}

/** @throws kernel.unknown for a resource that is not one's own, registry.notProfiled, registry.caseOpen */
export const precheckFirst = async (
  deps: Pick<RegistryDeps, 'cases' | 'members' | 'now'>,
  read: Reader,
  asked: { participant: string; resource: string; registrar?: string; form: Record<string, unknown> },
): Promise<Precheck> => {
  const found = deps.cases.ruleBook.procedure('registration.first', deps.now());
  if (!found) throw caseProblems.procedureUnknown();
  const { pack, procedure } = found;
  const registrar = asked.registrar ?? (await deps.members.registrarOf(read))?.id;
  if (!registrar) throw problems.notRegistrar({ field: 'body.registrar' });
  const listOf = (rule: string) => pack.rules.get(rule)?.value as string[];
  const form = checkForm(procedure.form, asked.form, {
    place: 'body.form',
    complete: true,
    bytesMax: caseLimits.dataBytesMax,
    ruleNumber: (rule) => deps.cases.ruleBook.number(pack.pin, rule),
  });
  const sound = form.faults.length === 0;
  const broken = sound ? checkConstraints(procedure.constraints, form.values, 'body.form', listOf) : undefined;
  const subject = {
    id: null,
    procedure: procedure.id,
    subject: asked.resource,
    participant: asked.participant,
    handler: registrar,
    data: form.values,
  };
  // A form of the wrong shape is told first: what it says cannot be compared with anything.
  const contradictions = sound ? await checkFirst(deps, read, subject, deps.now()) : [];
  const faults = [...form.faults, ...(broken?.faults ?? []), ...contradictions].slice(0, 100);
  return {
    ready: faults.length === 0,
    registrable: registrableRights(procedure.constraints, form.values, listOf, holds),
    faults,
    warnings: [...form.warnings, ...(broken?.warnings ?? [])],
    papers: procedure.papers.filter((paper) => paper.required).map(({ id, title }) => ({ id, title })),
  };
};
