/** What stands on the market stands in its supplier's catalogue on the Dataspace Protocol: for everybody, or for a space's members. */
import type { Dataset, Offer } from '@shugu/dataspace';
import type { Rooms } from '../build.ts';
import { pulledKinds } from '../delivery/index.ts';
import { formatsBy, onWire, serviceOf, type Terms } from '../federation/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { RoomParts } from '../kernel/parts.ts';
import type { Listing } from '../market/index.ts';

/** How data that is delivered so can be had by plain requests: fetched with one key, brought file by file. */
const waysOf = (modes: readonly string[]): ('pull' | 'push')[] => [
  ...(pulledKinds.some((one) => modes.includes(one)) ? ['pull' as const] : []),
  ...(modes.includes('file') ? ['push' as const] : []),
];

/** Undefined where nothing is offered to all that the listing is for. The ids of its offers are those of the market's, so they change with them. */
const datasetOf = async (
  { catalogue, agreements }: Rooms,
  tx: Tx,
  listing: Pick<Listing, 'version' | 'space' | 'delivery_modes'>,
): Promise<Dataset | undefined> => {
  const versionId = listing.version;
  const version = await catalogue.version(tx, versionId);
  const offers = (await agreements.openOffers(tx, versionId)).filter(
    ({ audience, space }) => audience.kind !== 'participants' && space === listing.space,
  );
  if (!version || offers.length === 0) return undefined;
  const accessService = serviceOf(version.participant);
  return {
    '@id': version.product,
    '@type': 'Dataset',
    title: version.about.name,
    description: version.about.description,
    hasPolicy: offers.map(
      ({ id, policy }) => ({ '@id': id, '@type': 'Offer', ...onWire(policy as Terms) }) as unknown as Offer,
    ),
    // Beside the offers: whoever takes one over with more than rules in it (EDC) refuses an agreement that has the rules alone.
    'shugu:price': offers.map(({ id, price }) => ({ offer: id, ...(price as object) })),
    // None where it is had in other ways alone: then it is offered as long as a data plane outside serves it.
    distribution: formatsBy(waysOf(listing.delivery_modes)).map((format) => ({
      '@type': 'Distribution',
      format,
      accessService,
    })) as Dataset['distribution'],
  };
};

export const dataspaceFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.dataspace',
      types: [
        'market.listing.listed',
        'market.listing.resumed',
        'market.listing.suspended',
        'market.listing.delisted',
        'agreements.offer.created',
        'agreements.offer.withdrawn',
      ],
      // By what stands now, so that the order of events does not matter.
      handle: async (tx, { participant, data }) => {
        const product = data.product ?? (await rooms.catalogue.version(tx, data.productVersion))?.product;
        const listing = await rooms.market.standingListing(tx, product);
        const dataset = listing?.state === 'listed' ? await datasetOf(rooms, tx, listing) : undefined;
        const space = listing?.space ?? null;
        if (dataset) await rooms.federation.publish(tx, participant, dataset, { traded: true, space });
        else await rooms.federation.withdraw(tx, participant, product);
      },
    },
  ],
});
