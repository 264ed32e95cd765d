/** What a node of its kind lists, and what it still has to do: of what stands, so that a step that is undone comes back. */
import { kindsOfNode, type NodeStep } from '@shugu/wire/node-kinds';
import type { Reader } from '../kernel/db/db.ts';
import { takingPartCount } from './hub/store.ts';
import type { NodesDeps } from './model.ts';
import { latestUplink } from './uplink/store.ts';

const namedSupplier = async ({ members, settings }: NodesDeps, read: Reader) =>
  settings.supplier === '' ? undefined : members.organisationByCode(read, settings.supplier);

const steps: Record<NodeStep, (deps: NodesDeps, read: Reader) => Promise<boolean>> = {
  // Whoever reviews a case does not approve it.
  staff: async ({ members }, read) => {
    const held = await members.seatsHeld(read, (await members.operatorOf(read)).id);
    return held.includes('reviewer') && held.includes('approver');
  },
  industries: async ({ settings }) => settings.industries.length > 0,
  supplier: async (deps, read) => (await namedSupplier(deps, read))?.status === 'active',
  hub: async (_, read) => (await latestUplink(read))?.state === 'active',
  members: ({ members }, read) => members.anyTrader(read),
  listing: async ({ market }, read) => (await market.listedAfter(read, { at: new Date(0), listing: '' }, 1)).length > 0,
  nodes: async (_, read) => (await takingPartCount(read)) > 0,
};

export const stepsOf = async (deps: NodesDeps, read: Reader): Promise<{ step: NodeStep; done: boolean }[]> => {
  const found: { step: NodeStep; done: boolean }[] = [];
  for (const step of kindsOfNode[deps.settings.kind].steps) found.push({ step, done: await steps[step](deps, read) });
  return found;
};

export const kindView = async (deps: NodesDeps, read: Reader) => {
  const { kind, industries } = deps.settings;
  const { type, about, takes, lists } = kindsOfNode[kind];
  const uplink = await latestUplink(read);
  return {
    kind,
    nodeType: type,
    about,
    takes: [...takes],
    lists,
    industries: lists === 'industries' ? [...industries] : [],
    supplier: lists === 'ownSupplier' ? ((await namedSupplier(deps, read))?.name ?? null) : null,
    hub: uplink?.state === 'active' ? { name: uplink.hub_name, url: uplink.hub_url } : null,
  };
};
