/** 试用: under the terms that were reviewed with the listing. Opening the access is the delivery's part, by event. */
import * as wire from '@shugu/wire/market-more';
import { audit } from '../../kernel/audit.ts';
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { mayView } from '../audience.ts';
import type { MarketDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { findListing } from '../reads.ts';
import { highest, mayBeOrdered } from '../rules.ts';
import { liesWithin, offeredUse, triedPolicy } from '../scenario.ts';

export interface Trial {
  id: string;
  participant: string;
  supplier: string;
  listing: string;
  product: string;
  version: string;
  calls: number;
  until: Date;
  created_at: Date;
}

const columns = sql`id, participant, supplier, listing, product, version, calls, until, created_at`;
const dayMilliseconds = 86_400_000;
/** A trial has no stated scenario and no trade review: what needs either is not tried. */
export const mayBeTried = (sensitivity: ReturnType<typeof highest>): boolean =>
  sensitivity === 'open' || sensitivity === 'general';

const insertTrial = async (tx: Tx, one: Omit<Trial, 'created_at'>): Promise<boolean> =>
  (await tx.exec(sql`insert into trials (id, node, market, participant, supplier, listing, product, version, calls, until, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.supplier}, ${one.listing}, ${one.product}, ${one.version}, ${one.calls},
      ${one.until}, ${tx.now}) on conflict (participant, listing) do nothing`)) > 0;

const listTrials = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Trial>(sql`select ${columns} from trials where (participant = ${participant} or supplier = ${participant})
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const trialRoutes = (deps: MarketDeps): Route[] => {
  const trialsOut = async (read: Reader, all: readonly Trial[]) => {
    const names = await deps.members.displayNames(
      read,
      all.flatMap((one) => [one.participant, one.supplier]),
    );
    return all.map((one) => ({
      id: one.id,
      listing: one.listing,
      product: one.product,
      version: one.version,
      supplier: { id: one.supplier, name: names.get(one.supplier) ?? one.supplier },
      buyer: { id: one.participant, name: names.get(one.participant) ?? one.participant },
      calls: one.calls,
      until: one.until.toISOString(),
      active: one.until > deps.now(),
      createdAt: one.created_at.toISOString(),
    }));
  };
  return [
    on(wire.requestTrial, async ({ tx, principal, params }) => {
      const buyer = await deps.members.requireTrading(tx, principal.participant);
      const listing = await findListing(tx, params.id);
      if (!listing || !['listed', 'suspended', 'delisted'].includes(listing.state)) throw kernelProblems.unknown();
      if (!(await mayView(deps, tx, principal, listing))) throw kernelProblems.unknown();
      if (!mayBeOrdered(listing, tx.now)) throw problems.notForSale({ detail: listing.state });
      if (listing.participant === principal.participant) throw problems.ownProduct();
      const version = (await deps.catalogue.version(tx, listing.version))!;
      const top = highest(version.tables.flatMap((table) => table.columns.map((column) => column.sensitivity)));
      if (!listing.trial || !mayBeTried(top)) throw problems.noTrial({ detail: listing.trial ? top : '' });
      // Whatever is tried goes through the look-up API; credit is never tried.
      if (!listing.delivery_modes.includes('api'))
        throw problems.noTrial({ detail: { zh: '该产品不以接口交付', en: 'not delivered by an interface' } });
      const policy = triedPolicy(listing.policy);
      if (!policy) throw problems.noTrial({ detail: { zh: '用途不在许可之内', en: 'the purposes are not allowed' } });
      const { regions } = offeredUse(policy);
      if (regions && !liesWithin(buyer.division, regions))
        throw problems.noTrial({ detail: { zh: '本单位不在许可的地域内', en: 'your region is not allowed' } });
      const id = newId('trl', tx.now);
      const wanted = new Date(tx.now.getTime() + listing.trial.days * dayMilliseconds);
      const until = listing.stands_until && listing.stands_until < wanted ? listing.stands_until : wanted;
      const one = {
        id,
        participant: principal.participant,
        supplier: listing.participant,
        listing: listing.id,
        product: listing.product,
        version: listing.version,
        calls: listing.trial.calls,
        until,
      };
      if (!(await insertTrial(tx, one))) throw problems.alreadyTried();
      await audit(tx, { action: 'market.trial.request', subject: id, data: { listing: listing.id } });
      await emit(tx, {
        type: 'market.trial.opened',
        subject: id,
        data: {
          trial: id,
          listing: listing.id,
          version: listing.version,
          buyer: one.participant,
          supplier: one.supplier,
          calls: one.calls,
          until: until.toISOString(),
        },
      });
      return (await trialsOut(tx, [{ ...one, created_at: tx.now }]))[0]!;
    }),
    on(wire.listTrials, async ({ read, principal, query }) => {
      const found = await listTrials(read, principal.participant, query);
      return { items: await trialsOut(read, found.items), next: found.next };
    }),
  ];
};
