/** From our words to the wire's. */
import { publicJwk } from '@shugu/evidence';
import {
  type Computation,
  decimal,
  engines,
  epsilonOf,
  hasThird,
  noiseDeviations,
  ownersOf,
  partyFingerprint,
  type SharesProtocol,
} from '@shugu/private-compute';
import type { Reader } from '../kernel/db/db.ts';
import { explain } from './explain.ts';
import type { Budget, Contract, Module, OutputAnswer, Room, Shape, Use } from './model.ts';
import { answersOf, confirmationsOf, findContract, overlapsOf, partsOf, signaturesOf, usesOf } from './reads.ts';
import { atOwners, delta, inRoom, inSteps, moduleOf, ownersAnswer, periodOf, sidesOf, weakNoise } from './rules.ts';
import { privacyOf } from './service/budgets.ts';

const historyMax = 100;

type Names = (participant: string) => string;
const partyOf = (name: Names) => (id: string) => ({ id, name: name(id) });

const namesOf = async (room: Room, read: Reader, participants: readonly string[]): Promise<Names> => {
  const names = await room.members.displayNames(read, [...new Set(participants)]);
  return (id) => names.get(id) ?? id;
};

const periodView = (contract: Contract, now: Date) => {
  const period = periodOf(contract, now);
  if (!period) return null;
  const { taken: _, renewsAt, ...told } = period;
  return { ...told, renewsAt: renewsAt.toISOString() };
};

const summary = (contract: Contract, name: Names, now: Date) => {
  const { id, title, state, terms, usesTotal: total, usesTaken: taken, from, until, createdAt } = contract;
  return {
    ...{ id, title, state, mode: terms.mode },
    owners: ownersOf(terms).map(partyOf(name)),
    recipients: terms.recipients.map(partyOf(name)),
    uses: { total, taken, left: total - taken },
    usesPer: periodView(contract, now),
    from: from.toISOString(),
    until: until.toISOString(),
    createdAt: createdAt.toISOString(),
  };
};

const partiesOf = ({ terms }: Contract): string[] => [...ownersOf(terms), ...terms.recipients];

export const summaryView = async (room: Room, read: Reader, contract: Contract) =>
  summary(contract, await namesOf(room, read, partiesOf(contract)), room.now());

const moneyOf = (money: Use['money']) =>
  money && { fen: money.fen.toString(), state: money.state, statement: money.statement };

const useOf = (contract: Contract, use: Use, name: Names, answers: readonly OutputAnswer[]) => ({
  ...{ id: use.id, number: use.number, state: use.state, values: use.values, rows: use.rows },
  ...{ resultDigest: use.resultDigest, reason: use.reason, job: inSteps(contract) ? null : use.job },
  money: moneyOf(use.money),
  isolation: use.isolation,
  timings: use.timings,
  answers: answers
    .filter((one) => one.use === use.id)
    .map(({ participant, approved, reason, at }) => ({
      by: partyOf(name)(participant),
      approved,
      reason,
      at: at.toISOString(),
    })),
  by: partyOf(name)(use.participant),
  at: use.at.toISOString(),
  endedAt: use.endedAt?.toISOString() ?? null,
});

export const useView = async (room: Room, read: Reader, use: Use) => {
  const answers = await answersOf(read, [use.id]);
  const parties = [use.participant, ...answers.map(({ participant }) => participant)];
  const contract = (await findContract(read, use.contract))!;
  return useOf(contract, use, await namesOf(room, read, parties), answers);
};

export const moduleView = ({ digest, name, bytes, at }: Module) => ({ digest, name, bytes, at: at.toISOString() });

const toldOf = (rho: string) => ({ rho, epsilon: epsilonOf(decimal(rho), delta), delta });

export const budgetView = ({ resource, entity, limit, spent }: Budget) => ({
  ...{ resource, entity, limit, spent },
  epsilon: epsilonOf(decimal(limit), delta),
});

/** Columns of a result with the spread of their noise, which is no secret. */
export const columnsOf = (contract: Contract) => {
  const { terms, shape } = inRoom(contract);
  const { noise, release, output } = terms;
  const { selected } = shape.joint;
  const deviations = noise && release.rho !== null && selected ? noiseDeviations(noise, release.rho, { selected }) : [];
  return output.map((column, at) => ({ ...column, deviation: deviations[at] ?? null }));
};

const warningOf = (room: Room, terms: Computation) => {
  const most = room.ruleBook.current('compute', room.now())?.rules.get('epsilonMost');
  return most && terms.mode === 'cleanRoom' ? weakNoise(terms, most) : undefined;
};

/** Of what is not drafted yet: the same words that its page would have. */
export const previewView = async (room: Room, terms: Computation, shape: Shape) => {
  const name = await namesOf(room, room.database, [...ownersOf(terms), ...terms.recipients]);
  const explained = [...explain(terms, shape, name), ...[warningOf(room, terms) ?? []].flat()];
  return { explained, trust: terms.trust, sql: terms.query.sql, output: terms.output };
};

const partsMax = 2;

export const partsView = async (room: Room, read: Reader, use: Use, contract: Contract) => {
  const parts = await partsOf(read, use.id);
  return {
    use: await useView(room, read, use),
    contract: contract.id,
    helper: use.third.address,
    parts: contract.terms.dataSets.slice(0, partsMax).map(({ owner }) => {
      const found = parts.find(({ participant }) => participant === owner);
      return {
        owner,
        came: found !== undefined,
        address: found?.address ?? null,
        stated: found != null && found.statement !== null,
      };
    }),
  };
};

const engineView = ({ engine }: Computation) =>
  engine ? { ...engine, checked: engines[engine.name].checked.includes(engine.version) } : null;

const intersectionOf = (terms: Computation) => {
  if (terms.mode !== 'psi') return null;
  const { protocol, opens, sums, count } = terms;
  return { protocol, opens, sums: sums ?? null, count: count ?? null };
};

/** What is told of a contract by its mode. */
const modeView = async (read: Reader, contract: Contract) => {
  if (atOwners(contract)) {
    const { terms } = contract;
    const confirmed = await confirmationsOf(read, contract.id);
    const parts = terms.dataSets.map((set) => {
      const found = confirmed.find(({ participant }) => participant === set.owner);
      return {
        ...set,
        fingerprint: partyFingerprint(set),
        confirmed: found ? { signature: found.signature, at: found.at.toISOString() } : null,
      };
    });
    const helper = hasThird(terms) ? terms.helper : null;
    const [decimals, rowsMax] =
      terms.mode === 'shares' ? [terms.decimals, terms.rowsMax] : [terms.sums?.decimals ?? 0, terms.keysMax];
    const protocol: SharesProtocol | null =
      terms.mode === 'shares' && !terms.engine ? (terms.protocol ?? 'replicated') : null;
    // Contracts of before there was such a number have none.
    const entitiesMin =
      (terms.mode === 'shares' ? terms.release?.entitiesMin : (terms.sums ?? terms.count)?.atLeast) ?? null;
    return {
      dataSets: [],
      shares: { protocol, parts, entitiesMin, decimals, rowsMax, helper },
      release: null,
      noise: null,
    };
  }
  const { dataSets, release, noise } = inRoom(contract).terms;
  return { dataSets, shares: null, release, noise: noise ?? null };
};

export const contractView = async (room: Room, read: Reader, contract: Contract, viewer: string) => {
  const { terms, document, digest, endReason: reason, shape } = contract;
  const name = await namesOf(room, read, partiesOf(contract));
  const signatures = await signaturesOf(read, contract.id);
  const privacy = await privacyOf(read, contract, viewer);
  const history = await usesOf(read, contract.id, historyMax);
  const module = moduleOf(terms);
  const answers = ownersAnswer(terms)
    ? await answersOf(
        read,
        history.map(({ id }) => id),
      )
    : [];
  return {
    ...summary(contract, name, room.now()),
    ...{ purpose: terms.purpose, trust: terms.trust, document, digest, reason },
    ...(await modeView(read, contract)),
    ...{ query: terms.query, output: terms.output },
    module: module ?? null,
    intersection: intersectionOf(terms),
    priceFen: terms.priceFen,
    payment: terms.payment ?? null,
    engine: engineView(terms),
    privacy: privacy
      ? {
          ...toldOf(inRoom(contract).terms.release.rho!),
          usesLeft: privacy.usesLeft,
          budgets: privacy.own.map(budgetView),
          warning: warningOf(room, terms) ?? null,
        }
      : null,
    explained: explain(terms, shape, name),
    overlaps: await overlapsOf(read, contract, viewer),
    signatures: await Promise.all(
      signatures.map(async ({ participant, at, ...one }) => ({
        ...one,
        publicKey: publicJwk((await room.keys.find(read, one.keyId))!.publicKey),
        by: partyOf(name)(participant),
        at: at.toISOString(),
      })),
    ),
    isolation: await room.isolation(),
    yours: { ...sidesOf(terms, viewer), signed: signatures.some(({ participant }) => participant === viewer) },
    history: history.map((use) => useOf(contract, use, name, answers)),
  };
};
