/** Doors of data spaces. */
import * as wire from '@shugu/wire/spaces';
import type { Reader } from '../kernel/db/db.ts';
import { actorOf, type Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { bundleOf } from '../kernel/issue/statement.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { SpacesDeps } from './model.ts';
import { nestedIn } from './nested.ts';
import { problems } from './problems.ts';
import {
  entryPage,
  findMember,
  memberPage,
  membershipsOf,
  rulesPage,
  seenEntry,
  spacePage,
  statementOf,
} from './reads.ts';
import { isOperator } from './rules.ts';
import { addEntry, withdrawEntry } from './service/entries.ts';
import { addForeign } from './service/foreign.ts';
import { foundSpace } from './service/founding.ts';
import { admit, apply, expel, invite, leave, refuse, sign } from './service/membership.ts';
import { nest, withdrawNested } from './service/nested.ts';
import { publishRules } from './service/rules.ts';
import {
  entriesFor,
  entryView,
  memberView,
  namesOf,
  nestedViews,
  rulesView,
  type Seen,
  spaceView,
  summaryView,
  supervises,
  visibleSpace,
} from './view.ts';

const itself = ({ own }: Seen): boolean => own !== undefined && own.endedAt === null && isOperator(own);
const operates = (seen: Seen): boolean => seen.supervising || itself(seen);

export const makeRoutes = (deps: SpacesDeps): Route[] => {
  const oneMember = async (read: Reader, space: string, id: string) => {
    const member = (await findMember(read, space, id))!;
    return memberView(member, await namesOf(deps, read, [member.participant]), deps.now());
  };
  /** Members in standing see each other; who operates or supervises sees who asks, and who is gone. */
  const insider = async (read: Reader, principal: Principal, id: string): Promise<Seen> => {
    const seen = await visibleSpace(deps, read, principal, id);
    if (!seen.standing && !operates(seen)) throw kernelProblems.unknown();
    return seen;
  };
  return [
    on(wire.foundSpace, async ({ tx, principal, body }) =>
      spaceView(deps, tx, principal, await foundSpace(deps, tx, principal, body)),
    ),
    on(wire.listSpaces, async ({ read, principal, query }) => {
      const viewer = principal.participant;
      const { items, next } = await spacePage(read, { viewer, supervises: supervises(principal) }, query);
      const name = await namesOf(
        deps,
        read,
        items.map(({ participant }) => participant),
      );
      const own = await membershipsOf(
        read,
        items.map(({ id }) => id),
        viewer,
      );
      return { items: items.map((one) => summaryView(deps, principal, one, own.get(one.id), name)), next };
    }),
    on(wire.getSpace, async ({ read, principal, params }) => spaceView(deps, read, principal, params.id)),
    on(wire.publishSpaceRules, async ({ tx, principal, params, body }) => {
      await publishRules(deps, tx, params.id, body);
      return spaceView(deps, tx, principal, params.id);
    }),
    on(wire.listSpaceRules, async ({ read, principal, params, query }) => {
      const { space } = await visibleSpace(deps, read, principal, params.id);
      const { items, next } = await rulesPage(read, space.id, query);
      return { items: items.map(rulesView), next };
    }),
    on(wire.listSpaceMembers, async ({ read, principal, params, query }) => {
      const seen = await insider(read, principal, params.id);
      const only = operates(seen) ? undefined : principal.participant;
      const { items, next } = await memberPage(read, seen.space.id, { ...query, only });
      const name = await namesOf(
        deps,
        read,
        items.map(({ participant }) => participant),
      );
      return { items: items.map((one) => memberView(one, name, deps.now())), next };
    }),
    on(wire.inviteToSpace, async ({ tx, params, body }) =>
      oneMember(tx, params.id, await invite(deps, tx, params.id, body)),
    ),
    on(wire.applyToSpace, async ({ tx, params, body }) =>
      oneMember(tx, params.id, await apply(deps, tx, params.id, body)),
    ),
    on(wire.admitToSpace, async ({ tx, params }) => {
      await admit(deps, tx, params);
      return oneMember(tx, params.id, params.member);
    }),
    on(wire.refuseInSpace, async ({ tx, params, body }) => {
      await refuse(deps, tx, params, body.reason);
      return oneMember(tx, params.id, params.member);
    }),
    on(wire.expelFromSpace, async ({ tx, params, body }) => {
      await expel(deps, tx, params, body.reason);
      return oneMember(tx, params.id, params.member);
    }),
    on(wire.signSpaceRules, async ({ tx, principal, params, body }) => {
      await sign(deps, tx, params.id, body.digest);
      return spaceView(deps, tx, principal, params.id);
    }),
    on(wire.leaveSpace, async ({ tx, principal, params, body }) => {
      await leave(deps, tx, params.id, body.reason);
      return spaceView(deps, tx, principal, params.id);
    }),
    on(wire.getSpaceSignature, async ({ read, principal, params }) => {
      const seen = await visibleSpace(deps, read, principal, params.id);
      const member = await findMember(read, seen.space.id, params.member);
      if (!member || !(operates(seen) || member.participant === principal.participant)) throw kernelProblems.unknown();
      const said = await statementOf(read, member.id);
      if (!said) throw problems.evidenceMissing();
      return { body: await bundleOf(deps, read, said), fileName: `${member.id}.json` };
    }),
    on(wire.listSpaceEntries, async ({ read, principal, params, query }) => {
      const seen = await visibleSpace(deps, read, principal, params.id);
      if (!seen.seesCatalogue) throw kernelProblems.unknown();
      const { items, next } = await entryPage(read, seen.space.id, entriesFor(deps, seen), query);
      const name = await namesOf(
        deps,
        read,
        items.map(({ participant }) => participant),
      );
      return { items: items.map((one) => entryView(one, name)), next };
    }),
    on(wire.addSpaceEntry, async ({ tx, params, body }) => {
      const entry = (await seenEntry(
        deps.elsewhere,
        tx,
        params.id,
        await addEntry(deps, tx, params.id, body.product),
      ))!;
      return entryView(entry, await namesOf(deps, tx, [entry.participant]));
    }),
    // Its supplier may be asked meanwhile.
    on(
      wire.addForeignSpaceEntry,
      async ({ principal, requestId, params, body }) => {
        const { database, elsewhere } = deps;
        const id = await addForeign(deps, actorOf(principal, requestId), params.id, body);
        return entryView((await seenEntry(elsewhere, database, params.id, id))!, await namesOf(deps, database, []));
      },
      { ownTransaction: true },
    ),
    on(wire.listNestedCatalogues, async ({ read, principal, params }) => {
      const seen = await visibleSpace(deps, read, principal, params.id);
      if (!seen.seesCatalogue) throw kernelProblems.unknown();
      return { items: await nestedViews(deps, read, principal, await nestedIn(read, seen.space.id), itself(seen)) };
    }),
    on(wire.nestCatalogue, async ({ tx, principal, params, body }) => {
      const made = await nest(deps, tx, principal, { id: params.id, ref: body });
      return (await nestedViews(deps, tx, principal, [made], true))[0]!;
    }),
    on(wire.withdrawNestedCatalogue, async ({ tx, principal, params, body }) => {
      await withdrawNested(tx, params.id, params.catalogue, body.reason);
      return spaceView(deps, tx, principal, params.id);
    }),
    on(wire.withdrawSpaceEntry, async ({ tx, principal, params, body }) => {
      await withdrawEntry(tx, params.id, params.entry, body.reason);
      return spaceView(deps, tx, principal, params.id);
    }),
  ];
};
