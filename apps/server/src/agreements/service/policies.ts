/** Policies and the offers that freeze them. */
import { createHash } from 'node:crypto';
import type { Json } from '@shugu/evidence';
import {
  COMPILER_VERSION,
  compile,
  DRIVER_KINDS,
  enforceable,
  explain,
  isWithin,
  type Names,
  type Plan,
  parsePolicy,
  policyHash,
} from '@shugu/policy';
import type { DeliveryMode, ProductVersion } from '../../catalogue/index.ts';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { withRegions } from '../../kernel/regions.ts';
import { policyProblem } from '../document.ts';
import type { Audience, Offer } from '../model.ts';
import { agreementProblems as problems } from '../problems.ts';
import { cachedPlan, findOffer, policySource } from '../reads.ts';
import { audienceOf, canonicalOf, isOffered, normalised, watermarkFaults } from '../rules.ts';
import { endOffer, insertOffer, insertPlan, insertPolicy } from '../store.ts';
import { type AgreementsDeps, orThrow } from './deps.ts';

/** Parsed, compiled and kept; refuses what is malformed or not understood. */
export const keepPolicy = async (tx: Tx, participant: string, source: unknown): Promise<Plan> => {
  const parsed = parsePolicy(source);
  if (!parsed.ok) throw policyProblem(parsed.problems);
  const compiled = compile(parsed.policy);
  if (!compiled.ok) throw policyProblem(compiled.problems);
  await insertPolicy(tx, participant, compiled.plan.policyHash, source);
  await insertPlan(tx, participant, compiled.plan);
  return compiled.plan;
};

/** From the cache, or compiled from the signed source when the compiler is newer; undefined for an unknown hash. */
export const planOfPolicy = async (read: Reader, hash: string): Promise<Plan | undefined> => {
  const cached = await cachedPlan(read, hash, COMPILER_VERSION);
  if (cached) return cached;
  const source = await policySource(read, hash);
  if (!source) return undefined;
  const parsed = parsePolicy(source);
  const compiled = parsed.ok ? compile(parsed.policy) : parsed;
  // It compiled when it was signed: a newer compiler that refuses it is a defect, never "no limits".
  if (!compiled.ok)
    throw new Error(`policy ${hash} no longer compiles: ${compiled.problems.map((one) => one.code).join(', ')}`);
  return compiled.plan;
};

export interface PolicyExplanation {
  ok: boolean;
  hash: string | null;
  zh: string[];
  en: string[];
  problems: { code: string; path: string; zh: string; en: string }[];
  paths: { path: string; enforceable: boolean; problems: { code: string; path: string; zh: string; en: string }[] }[];
}

export const explainPolicy = (source: unknown, names: Names = {}): PolicyExplanation => {
  const parsed = parsePolicy(source);
  if (!parsed.ok) return { ok: false, hash: null, zh: [], en: [], problems: parsed.problems, paths: [] };
  const compiled = compile(parsed.policy);
  return {
    ok: compiled.ok,
    hash: policyHash(source as Parameters<typeof policyHash>[0]),
    zh: explain(parsed.policy, 'zh', withRegions('zh', names)),
    en: explain(parsed.policy, 'en', withRegions('en', names)),
    problems: compiled.ok ? [] : compiled.problems,
    paths: DRIVER_KINDS.map((path) => {
      const found = enforceable(parsed.policy, path);
      return { path, enforceable: found.length === 0, problems: found };
    }),
  };
};

const columnTitles = async (
  deps: AgreementsDeps,
  read: Reader,
  productVersion: string,
): Promise<Record<string, string>> => {
  const version = await deps.catalogue.version(read, productVersion);
  const columns = version?.tables.flatMap((table) => table.columns) ?? [];
  return Object.fromEntries(columns.filter((column) => column.title).map((column) => [column.name, column.title]));
};

/** The data space whose members a policy is for. */
export const spaceOf = (source: unknown): string | undefined => {
  const parsed = parsePolicy(source);
  return parsed.ok ? parsed.policy.terms.memberOf : undefined;
};

const standsIn = async ({ spaces }: AgreementsDeps, read: Reader, space: string, participant: string) =>
  (await spaces?.standing(read, participant))?.find(({ id }) => id === space);

/** Whoever concludes under a policy for members is one then. */
export const concludes = async (
  deps: AgreementsDeps,
  read: Reader,
  source: unknown,
  participant: string,
): Promise<boolean> => {
  const space = spaceOf(source);
  return space === undefined || (await standsIn(deps, read, space, participant)) !== undefined;
};

export const spaceNames = async (
  deps: AgreementsDeps,
  read: Reader,
  source: unknown,
): Promise<Record<string, string>> => {
  const space = spaceOf(source);
  const named = space ? await deps.spaces?.names(read, [space]) : undefined;
  return Object.fromEntries([...(named ?? [])].map(([id, { zh, en }]) => [id, `${zh} / ${en}`]));
};

/** Words for the codes in a policy over a version: its columns, and the data space. */
export const policyNames = async (
  deps: AgreementsDeps,
  read: Reader,
  productVersion: string,
  source: unknown,
): Promise<Record<string, string>> => ({
  ...(await columnTitles(deps, read, productVersion)),
  ...(await spaceNames(deps, read, source)),
});

/** A policy that a delivery path cannot enforce can't be offered on it. */
export const checkPaths = (source: unknown, modes: readonly DeliveryMode[], offered: readonly DeliveryMode[]): void => {
  const parsed = parsePolicy(source);
  if (!parsed.ok) throw policyProblem(parsed.problems);
  const foreign = modes.find((mode) => !offered.includes(mode));
  if (foreign) throw problems.deliveryUnknown({ field: 'body.deliveryModes', detail: foreign });
  const faults = modes.flatMap((mode) => enforceable(parsed.policy, mode).map((fault) => ({ mode, fault })));
  if (faults.length > 0)
    throw problems.policyNotEnforceable({
      errors: faults.slice(0, 50).map(({ mode, fault }) => ({
        field: `deliveryModes.${mode}`,
        code: fault.code,
        message: { zh: fault.zh, en: fault.en },
      })),
    });
};

/** A mark that the data cannot carry would be found out when it is delivered, after both have signed. */
export const checkWatermark = (source: unknown, { tables }: Pick<ProductVersion, 'tables'>): void => {
  const parsed = parsePolicy(source);
  const watermark = parsed.ok ? parsed.policy.terms.watermark : undefined;
  if (!watermark) return;
  const faults = watermarkFaults(
    watermark.altered,
    tables.flatMap(({ columns }) => columns),
  );
  if (faults.length > 0) throw policyProblem(faults);
};

/** The same of files: a policy that asks for marks can be offered on this path only if each of its files can carry them. */
export const checkFiles = async (
  deps: AgreementsDeps,
  read: Reader,
  source: unknown,
  modes: readonly DeliveryMode[],
  productVersion: string,
): Promise<void> => {
  const parsed = parsePolicy(source);
  const watermark = parsed.ok ? parsed.policy.terms.watermark : undefined;
  if (!watermark || !modes.includes('file')) return;
  const faults = (await deps.unmarkable?.(read, productVersion, watermark)) ?? [];
  if (faults.length > 0)
    throw problems.policyNotEnforceable({
      errors: faults.slice(0, 50).map((message) => ({ field: 'deliveryModes.file', code: 'notMarkable', message })),
    });
};

/** The use asked for stays within the offer, limit by limit. */
export const checkWithin = (requested: unknown, offered: unknown): void => {
  const [want, offer] = [parsePolicy(requested), parsePolicy(offered)];
  if (!want.ok) throw policyProblem(want.problems);
  if (!offer.ok) throw policyProblem(offer.problems);
  const faults = isWithin(want.policy, offer.policy);
  if (faults.length > 0)
    throw problems.policyExceedsOffer({
      errors: faults.slice(0, 50).map((fault) => ({
        field: `policy${fault.path.replace(/\//g, '.')}`,
        code: fault.code,
        message: { zh: fault.zh, en: fault.en },
      })),
    });
};

export interface OfferDraft {
  productVersion: string;
  policy: Record<string, Json>;
  /** The market's price plan, frozen as it is. */
  price: Json;
  /** All modes of the version unless given. */
  deliveryModes?: DeliveryMode[];
  audience: Audience;
}

/** Freezes (version, policy, price, audience). Only the version's supplier makes one; the actor of `tx` says who that is. */
export const createOffer = async (deps: AgreementsDeps, tx: Tx, draft: OfferDraft): Promise<Offer> => {
  const version = await deps.catalogue.version(tx, draft.productVersion);
  if (!version || version.participant !== tx.actor.participant) throw kernelProblems.unknown();
  const deliveryModes = draft.deliveryModes ?? version.about.deliveryModes;
  const policy = normalised(draft.policy);
  checkWatermark(policy, version);
  checkPaths(policy, deliveryModes, version.about.deliveryModes);
  await checkFiles(deps, tx, policy, deliveryModes, version.id);
  const plan = await keepPolicy(tx, version.participant, policy);
  const space = spaceOf(policy);
  if (space && !(await standsIn(deps, tx, space, version.participant))?.provides)
    throw problems.spaceNotYours({ field: 'body.policy', detail: space });
  const audience = orThrow(audienceOf(draft.audience, space));
  const price = normalised(draft.price);
  const frozen = {
    productVersion: version.id,
    policyHash: plan.policyHash,
    price,
    deliveryModes,
    audience,
  };
  const hash = `sha256:${createHash('sha256')
    .update(orThrow(canonicalOf(frozen)))
    .digest('hex')}`;
  const id = await insertOffer(tx, version.participant, { ...frozen, space: space ?? null, hash });
  await audit(tx, { action: 'agreements.offer.create', subject: id, data: { productVersion: version.id, hash } });
  const data = { offer: id, productVersion: version.id, policyHash: plan.policyHash };
  await emit(tx, { type: 'agreements.offer.created', subject: id, data });
  return (await findOffer(tx, id))!;
};

export const withdrawOffer = async (tx: Tx, id: string): Promise<Offer> => {
  const offer = await findOffer(tx, id);
  if (!offer || offer.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (await endOffer(tx, id)) {
    await audit(tx, { action: 'agreements.offer.withdraw', subject: id });
    await emit(tx, {
      type: 'agreements.offer.withdrawn',
      subject: id,
      data: { offer: id, productVersion: offer.productVersion },
    });
  }
  return (await findOffer(tx, id))!;
};

export const offeredTo = async (
  deps: AgreementsDeps,
  read: Reader,
  offer: Offer,
  participant: string,
): Promise<boolean> => isOffered(offer, participant, await concludes(deps, read, offer.policy, participant));
