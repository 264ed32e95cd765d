/** Catalogues of data spaces within the catalogue of whoever operates them: by the connectors of those whose products stand there. */
import type { Reader } from '../kernel/db/db.ts';
import type { Connector } from './model.ts';
import { openConnectors } from './reads.ts';
import { addressOf, type Room, serviceOf } from './service/room.ts';

/** Of a data space; `suppliers`: organisations of this node whose products stand in it. */
export interface SpaceCatalogue {
  space: string;
  name: { zh: string; en: string };
  suppliers: readonly string[];
  /** Connectors of other nodes whose data sets stand in it. */
  elsewhere: readonly { name: string; address: string }[];
  within: readonly SpaceCatalogue[];
}

interface Catalog {
  '@id': string;
  '@type': 'Catalog';
  title: string;
  service: { '@id': string; '@type': 'DataService'; endpointURL: string }[];
  catalog?: Catalog[];
}

const suppliersOf = (one: SpaceCatalogue): readonly string[] => [...one.suppliers, ...one.within.flatMap(suppliersOf)];

/**
 * As the protocol has it: a catalogue that is not the root names no participant, and no list in it is empty. Data sets stand in the
 * catalogues of their providers alone, to which the services lead; where none of those is open, to the operator's own.
 */
export const nestedCatalogs = async (
  room: Room,
  read: Reader,
  connector: Connector,
  standsIn: readonly string[],
): Promise<Catalog[]> => {
  const found = await room.catalogues(read, connector.participant, standsIn);
  const open = new Set(await openConnectors(read, [...new Set(found.flatMap(suppliersOf))]));
  const site = new URL(room.publicUrl()).origin;
  const serviceAt = (participant: string) => ({
    '@id': serviceOf(participant),
    '@type': 'DataService' as const,
    endpointURL: addressOf(room, participant),
  });
  /** A data set of theirs is told with its offers in their catalogue alone, to which this leads. */
  const foreignCatalog = ({ name, address }: SpaceCatalogue['elsewhere'][number]): Catalog => ({
    '@id': `${address}/catalog`,
    '@type': 'Catalog',
    title: name,
    service: [{ '@id': address, '@type': 'DataService', endpointURL: address }],
  });
  const catalogOf = ({ space, name, suppliers, elsewhere, within }: SpaceCatalogue): Catalog => {
    const catalogs = [...within.map(catalogOf), ...elsewhere.map(foreignCatalog)];
    const reached = suppliers.filter((one) => open.has(one));
    return {
      '@id': `${site}/spaces/${space}`,
      '@type': 'Catalog',
      title: name.zh,
      service: (reached.length > 0 ? reached : [connector.participant]).map(serviceAt),
      ...(catalogs.length > 0 ? { catalog: catalogs } : {}),
    };
  };
  return found.map(catalogOf);
};
