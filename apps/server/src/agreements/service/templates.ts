/** Contract templates: the operator's versioned data. One person drafts, another enables. */
import { createHash } from 'node:crypto';
import { templateDraft } from '@shugu/wire/agreements';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Template, TemplateDraft } from '../model.ts';
import { agreementProblems as problems } from '../problems.ts';
import { findTemplate, lockTemplate, templateHashes } from '../reads.ts';
import { canonicalOf, normalised, unknownPlaceholder } from '../rules.ts';
import { insertTemplate, retireEnabled, setTemplateEnabled, setTemplateRetired } from '../store.ts';
import development from '../templates/development.json' with { type: 'json' };
import intermediary from '../templates/intermediary.json' with { type: 'json' };
import processing from '../templates/processing.json' with { type: 'json' };
import provision from '../templates/provision.json' with { type: 'json' };
import { orThrow } from './deps.ts';

/** Templates that come with the program; drafts like any other until the operator enables them. */
export const shippedTemplates: readonly TemplateDraft[] = [provision, processing, development, intermediary].map(
  (one) => templateDraft.parse(one),
);

const hashOf = (draft: TemplateDraft): string =>
  `sha256:${createHash('sha256')
    .update(orThrow(canonicalOf(draft)))
    .digest('hex')}`;

export const draftTemplate = async (tx: Tx, given: TemplateDraft): Promise<Template> => {
  const draft = normalised(given);
  for (const [at, clause] of draft.clauses.entries())
    for (const language of ['zh', 'en'] as const) {
      const unknown = unknownPlaceholder(clause.text[language]);
      if (unknown) throw problems.placeholderUnknown({ field: `body.clauses.${at}.text.${language}`, detail: unknown });
    }
  const hash = hashOf(draft);
  const id = await insertTemplate(tx, draft, hash);
  await audit(tx, { action: 'agreements.template.draft', subject: id, data: { code: draft.code, hash } });
  return (await findTemplate(tx, id))!;
};

/** Drafts the shipped templates that are not there yet, by hash. Harmless to repeat. */
export const importTemplates = async (tx: Tx): Promise<Template[]> => {
  const known = await templateHashes(tx, tx.tenancy.market);
  const drafted: Template[] = [];
  for (const draft of shippedTemplates) if (!known.has(hashOf(draft))) drafted.push(await draftTemplate(tx, draft));
  return drafted;
};

export const enableTemplate = async (tx: Tx, id: string): Promise<Template> => {
  const template = await lockTemplate(tx, id);
  if (!template) throw kernelProblems.unknown();
  if (template.state !== 'draft') throw problems.wrongState({ detail: template.state });
  if (template.draftedBy === tx.actor.id) throw problems.samePerson();
  await retireEnabled(tx, template.code);
  await setTemplateEnabled(tx, id);
  await audit(tx, {
    action: 'agreements.template.enable',
    subject: id,
    data: { code: template.code, version: template.version },
  });
  const data = { template: id, code: template.code, version: template.version };
  await emit(tx, { type: 'agreements.template.enabled', subject: id, data });
  return (await findTemplate(tx, id))!;
};

/** Contracts made from it stay as they are; new ones need another version. */
export const retireTemplate = async (tx: Tx, id: string): Promise<Template> => {
  const template = await lockTemplate(tx, id);
  if (!template) throw kernelProblems.unknown();
  if (template.state === 'retired') throw problems.wrongState({ detail: template.state });
  await setTemplateRetired(tx, id);
  await audit(tx, { action: 'agreements.template.retire', subject: id });
  return (await findTemplate(tx, id))!;
};
