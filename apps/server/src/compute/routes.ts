import type { Computation } from '@shugu/private-compute';
import * as wire from '@shugu/wire/compute';
import { listEngines } from '@shugu/wire/compute-engines';
import * as modulesWire from '@shugu/wire/compute-modules';
import type { Reader } from '../kernel/db/db.ts';
import { actorOf, type Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { bundleOf } from '../kernel/issue/statement.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Contract, Room, Use } from './model.ts';
import { problems } from './problems.ts';
import {
  budgetPage,
  contractPage,
  findBudget,
  findContract,
  findModule,
  findUse,
  heldPage,
  modulePage,
  statementOf,
} from './reads.ts';
import { atOwners, moduleOf, sidesOf } from './rules.ts';
import { setBudget } from './service/budgets.ts';
import { confirmByOwner } from './service/confirming.ts';
import { draftContract, revokeContract, signContract, termsOf } from './service/contracts.ts';
import { offeredHere } from './service/engines.ts';
import { bytesOf, keepModule, lookAtModule } from './service/modules.ts';
import { approveOutput, outputFor, refuseOutput } from './service/outputs.ts';
import { comeToUse, statePart } from './service/parts.ts';
import { reserveUse } from './service/uses.ts';
import {
  budgetView,
  columnsOf,
  contractView,
  moduleView,
  partsView,
  previewView,
  summaryView,
  useView,
} from './view.ts';

const supervises = (principal: Principal) => principal.permissions.has('compute.contract.supervise');

const visible = async (read: Reader, principal: Principal, id: string): Promise<Contract> => {
  const contract = await findContract(read, id);
  const sides = contract && sidesOf(contract.terms, principal.participant);
  if (!contract || !(sides?.owner || sides?.recipient || supervises(principal))) throw kernelProblems.unknown();
  return contract;
};

const visibleUse = async (
  read: Reader,
  principal: Principal,
  id: string,
): Promise<{ use: Use; contract: Contract }> => {
  const use = await findUse(read, id);
  if (!use) throw kernelProblems.unknown();
  return { use, contract: await visible(read, principal, use.contract) };
};

const outputRoutes = (room: Room): Route[] => [
  // The look at it is a process: no transaction waits for it.
  on(
    modulesWire.sendModule,
    async ({ principal, body, requestId }) => {
      const bytes = bytesOf(body.content);
      await lookAtModule(room, bytes, wire.computeLimits.moduleMemoryMBMax, 'body.content');
      const { digest } = await room.objects.put(bytes);
      return room.database.tx(actorOf(principal, requestId), async (tx) => {
        await keepModule(tx, { name: body.name, digest, bytes: bytes.length });
        return moduleView((await findModule(tx, principal.participant, digest))!);
      });
    },
    { ownTransaction: true },
  ),
  on(modulesWire.listModules, async ({ read, principal, query }) => {
    const { items, next } = await modulePage(read, principal.participant, query);
    return { items: items.map(moduleView), next };
  }),
  on(modulesWire.getModule, async ({ read, principal, params }) => {
    const { id, terms } = await visible(read, principal, params.id);
    if (!moduleOf(terms)) throw kernelProblems.unknown();
    return { body: await room.objects.bytes(terms.query.digest), fileName: `${id}.wasm` };
  }),
  on(modulesWire.getHeldOutput, async ({ read, principal, params }) => {
    const { use, contract, held } = await outputFor(room, params.id, principal.participant);
    const { rows } = JSON.parse(held.text) as Pick<wire.ComputationResult, 'rows'>;
    const { digest, salt, until } = held;
    return {
      use: await useView(room, read, use),
      trust: contract.terms.trust,
      columns: contract.terms.output,
      ...{ rows, digest, opening: salt === null ? null : { salt }, until: until.toISOString() },
    };
  }),
  on(modulesWire.listHeldOutputs, async ({ read, principal, query }) => {
    const { items, next } = await heldPage(read, principal.participant, query);
    return { items: items.map(({ until, ...one }) => ({ ...one, until: until.toISOString() })), next };
  }),
  on(modulesWire.approveOutput, async ({ tx, params, body }) => {
    await approveOutput(room, tx, params.id, body.digest);
    return useView(room, tx, (await findUse(tx, params.id))!);
  }),
  on(modulesWire.refuseOutput, async ({ tx, params, body }) => {
    await refuseOutput(room, tx, params.id, body.reason);
    return useView(room, tx, (await findUse(tx, params.id))!);
  }),
];

export const makeRoutes = (room: Room): Route[] => {
  const view = async (read: Reader, principal: Principal, id: string) =>
    contractView(room, read, (await findContract(read, id))!, principal.participant);
  return [
    ...outputRoutes(room),
    on(listEngines, async () => ({ items: await offeredHere(room) })),
    // The gate is a process: no transaction waits for it.
    on(
      wire.draftComputation,
      async ({ principal, body, requestId }) => {
        const { terms, shape } = await termsOf(room, principal.participant, body);
        return room.database.tx(actorOf(principal, requestId), async (tx) =>
          view(tx, principal, await draftContract(room, tx, terms, shape)),
        );
      },
      { ownTransaction: true },
    ),
    on(
      wire.previewComputation,
      async ({ principal, body }) => {
        const { terms, shape } = await termsOf(room, principal.participant, body);
        return previewView(room, { ...terms, id: '' } as Computation, shape);
      },
      { ownTransaction: true },
    ),
    on(wire.listComputations, async ({ read, principal, query }) => {
      const { items, next } = await contractPage(
        read,
        supervises(principal) && !query.waiting ? undefined : principal.participant,
        query,
      );
      return { items: await Promise.all(items.map((one) => summaryView(room, read, one))), next };
    }),
    on(wire.getComputation, async ({ read, principal, params }) => {
      const { id } = await visible(read, principal, params.id);
      return view(read, principal, id);
    }),
    on(wire.signComputation, async ({ tx, principal, params, body }) => {
      await signContract(room, tx, params.id, body.digest);
      return view(tx, principal, params.id);
    }),
    on(wire.confirmComputation, async ({ tx, principal, params, body }) => {
      await confirmByOwner(tx, params.id, body.signature);
      return view(tx, principal, params.id);
    }),
    on(wire.revokeComputation, async ({ tx, principal, params, body }) => {
      await revokeContract(tx, params.id, body.reason);
      return view(tx, principal, params.id);
    }),
    on(wire.runComputation, async ({ tx, params, body }) => {
      const id = await reserveUse(room, tx, params.id, body);
      return useView(room, tx, (await findUse(tx, id))!);
    }),
    on(wire.getComputationResult, async ({ read, principal, params }) => {
      const { use, contract } = await visibleUse(read, principal, params.id);
      if (!sidesOf(contract.terms, principal.participant).recipient) throw kernelProblems.unknown();
      if (use.state === 'released' && atOwners(contract)) throw problems.elsewhere();
      if (use.result === null) throw problems.notReleased({ detail: use.state });
      const { rows } = JSON.parse(use.result) as Pick<wire.ComputationResult, 'rows'>;
      const { resultSalt: salt } = use;
      return {
        ...{ use: await useView(room, read, use), trust: contract.terms.trust, columns: columnsOf(contract), rows },
        opening: salt === null ? null : { salt },
      };
    }),
    on(wire.getParts, async ({ read, principal, params }) => {
      const { use, contract } = await visibleUse(read, principal, params.id);
      // Where owners' processes are is theirs to know.
      if (!atOwners(contract) || !sidesOf(contract.terms, principal.participant).owner) throw kernelProblems.unknown();
      return partsView(room, read, use, contract);
    }),
    on(wire.comeToUse, async ({ tx, principal, params, body }) => {
      await comeToUse(tx, params.id, body.address);
      const { use, contract } = await visibleUse(tx, principal, params.id);
      return partsView(room, tx, use, contract);
    }),
    on(wire.statePart, async ({ tx, principal, params, body }) => {
      await statePart(room, tx, params.id, body);
      const { use, contract } = await visibleUse(tx, principal, params.id);
      return partsView(room, tx, use, contract);
    }),
    on(wire.listBudgets, async ({ read, principal, query }) => {
      const { items, next } = await budgetPage(read, principal.participant, query);
      return { items: items.map(budgetView), next };
    }),
    on(wire.setBudget, async ({ tx, principal, body }) => {
      await setBudget(room, tx, body);
      return budgetView(await findBudget(tx, principal.participant, body.resource, body.entity));
    }),
    on(wire.getComputationEvidence, async ({ read, principal, params }) => {
      const { use } = await visibleUse(read, principal, params.id);
      const said = await statementOf(read, use.id);
      if (!said) throw problems.notReleased({ detail: use.state });
      return { body: await bundleOf(room, read, said), fileName: `${use.id}.json` };
    }),
  ];
};
