/** The data of what was bought at another node: in a type of transfer that its supplier offers now, to where the buyer says. */
import type { fetchPurchase } from '@shugu/wire/nodes-trade';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Actor } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { ForeignFormat, NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import * as store from './store.ts';

type Wish = z.output<NonNullable<(typeof fetchPurchase)['body']>>;

const named = (formats: readonly ForeignFormat[]): string => formats.map(({ format }) => format).join(', ') || '—';

/** @throws nodes.formatNotOffered, nodes.formatUnreceivable */
export const offeredFormat = (formats: readonly ForeignFormat[], wanted: string): ForeignFormat => {
  const found = formats.find(({ format }) => format === wanted);
  if (!found) throw problems.formatNotOffered({ field: 'body.format', detail: named(formats) });
  if (found.way === 'none') throw problems.formatUnreceivable({ field: 'body.format' });
  return found;
};

/** The supplier's connector is asked before anything is written. Only of the buyer's own, once bought. */
export const fetchBought = async (deps: NodesDeps, actor: Actor, id: string, wish: Wish) => {
  const { database, dataspace } = deps;
  const { participant } = actor;
  const one = await store.findPurchase(database, id);
  if (one?.participant !== participant) throw kernelProblems.unknown();
  if (one.state !== 'bought' || one.agreement === null) throw problems.wrongState({ detail: one.state });
  const { agreement, address, dataset, supplier: counterparty } = one;
  const told = await dataspace.dataset(database, participant, { counterparty, address, dataset });
  const formats = await dataspace.formats(database, participant, told);
  const wanted = wish.format ?? one.format;
  if (wanted === null)
    throw kernelProblems.invalid({
      field: 'body.format',
      detail: { zh: `请选择传输类型：${named(formats)}`, en: `choose a type of transfer: ${named(formats)}` },
    });
  const { format, way } = offeredFormat(formats, wanted);
  const { dataAddress } = wish;
  if (way === 'push' && !dataAddress?.endpoint) throw problems.destinationMissing({ field: 'body.dataAddress' });
  if (way !== 'push' && dataAddress) throw problems.destinationUnused({ field: 'body.dataAddress' });
  return database.tx(actor, async (tx) => {
    const { id: transfer } = await dataspace.requestTransfer(tx, { agreement, address, format, dataAddress });
    await audit(tx, { action: 'nodes.purchase.fetch', subject: id, data: { transfer, format } });
    return { transfer, format, way };
  });
};
