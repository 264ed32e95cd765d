/**
 * A version as a data contract of the Open Data Contract Standard 3.1 (bitol.io): the file that a buyer's own tools can
 * lint and test data against. Price and licence stand in the trade contract, so they are left out here.
 */
import { stringify } from 'yaml';
import type { Column, ProductVersion, ServiceLevels } from './model.ts';

type Yaml = Record<string, unknown>;

const logicalTypes: Record<Column['type'], string> = {
  text: 'string',
  integer: 'integer',
  decimal: 'number',
  boolean: 'boolean',
  date: 'date',
  time: 'timestamp',
  bytes: 'string',
  json: 'object',
};

/** Our update cycles as a number of units; `irregular`, `once` and `realtime` promise no interval. */
const frequencies: Record<string, [value: number, unit: string] | undefined> = {
  hourly: [1, 'h'],
  daily: [1, 'd'],
  weekly: [7, 'd'],
  monthly: [1, 'm'],
  quarterly: [3, 'm'],
  yearly: [1, 'y'],
};

const property = (column: Column): Yaml => ({
  name: column.name,
  ...(column.title ? { businessName: column.title } : {}),
  logicalType: logicalTypes[column.type],
  physicalType: column.type,
  ...(column.description ? { description: column.description } : {}),
  required: !column.nullable,
  classification: column.sensitivity,
  ...(column.unit ? { customProperties: [{ property: 'unit', value: column.unit }] } : {}),
});

export interface ContractSubject extends Pick<ProductVersion, 'product' | 'number' | 'about' | 'tables'> {
  supplierName: string;
  createdAt: Date;
}

export const contractObject = (version: ContractSubject): Yaml => {
  const { about } = version;
  const frequency = frequencies[about.updateCycle];
  const promises = [
    ...(frequency ? [{ property: 'frequency', value: frequency[0], unit: frequency[1] }] : []),
    ...levelProperties(about.serviceLevels),
  ];
  const custom: [string, string][] = [
    ['industry', about.industry],
    ['region', about.region],
    ['updateCycle', about.updateCycle],
    ['deliveryModes', about.deliveryModes.join(',')],
    ['supplier', version.supplierName],
  ];
  if (about.coverageFrom) custom.push(['coverageFrom', about.coverageFrom]);
  if (about.coverageUntil) custom.push(['coverageUntil', about.coverageUntil]);
  return {
    apiVersion: 'v3.1.0',
    kind: 'DataContract',
    id: version.product,
    name: about.name,
    version: `${version.number}.0.0`,
    status: 'active',
    dataProduct: about.name,
    contractCreatedTs: version.createdAt.toISOString(),
    description: { purpose: about.summary, ...(about.description ? { usage: about.description } : {}) },
    ...(about.keywords.length ? { tags: about.keywords } : {}),
    ...(version.tables.length ? { schema: version.tables.map(table) } : {}),
    ...(promises.length ? { slaProperties: promises } : {}),
    customProperties: custom.map(([name, value]) => ({ property: name, value })),
  };
};

/** Names of the standard where it has one; what is measured, and over which period, is said in words. */
const levelProperties = (levels: ServiceLevels | undefined): Yaml[] => {
  if (!levels) return [];
  const { availabilityPercent, latency, freshnessHours, completenessPercent, credits } = levels;
  const month = 'each calendar month of the contract’s time zone';
  return [
    ...(availabilityPercent === null
      ? []
      : [
          {
            property: 'availability',
            value: availabilityPercent,
            unit: '%',
            description: `requests let in and served without a fault of node or supplier, ${month}`,
          },
        ]),
    ...(latency === null
      ? []
      : [
          {
            property: 'latency',
            value: latency.withinMs,
            unit: 'ms',
            description: `${latency.percent} % of the requests served begin within, ${month}`,
          },
        ]),
    ...(freshnessHours === null
      ? []
      : [{ property: 'latest', value: freshnessHours, unit: 'h', description: 'the newest data is never older' }]),
    ...(completenessPercent === null
      ? []
      : [{ property: 'completeness', value: completenessPercent, unit: '%', description: 'cells filled' }]),
    ...credits.map(({ missedPercent, creditPercent }) => ({
      property: 'serviceCredit',
      value: creditPercent,
      unit: '%',
      description: `of the month’s fee where a target is missed by up to ${missedPercent} % of it`,
    })),
  ];
};

const table = ({ name, columns, objects, rowCount }: ProductVersion['tables'][number]): Yaml => {
  const custom: Yaml[] = [];
  if (objects.normal) custom.push({ property: 'contentDigest', value: objects.normal });
  if (objects.original) custom.push({ property: 'originalDigest', value: objects.original });
  return {
    name,
    physicalName: name,
    logicalType: 'object',
    physicalType: 'table',
    properties: columns.map(property),
    ...(rowCount === null
      ? {}
      : { quality: [{ name: 'rowCount', type: 'library', metric: 'rowCount', mustBeGreaterOrEqualTo: rowCount }] }),
    ...(custom.length ? { customProperties: custom } : {}),
  };
};

/** Stable text: the same version always gives the same bytes, so its digest can be signed. */
export const contractYaml = (version: ContractSubject): string =>
  stringify(contractObject(version), { lineWidth: 0, aliasDuplicateObjects: false });
