/** What connectors elsewhere offer to an organisation: their catalogues, and in which ways their data can be had. */
import { z } from 'zod';
import { anyId, json } from './common.ts';
import { endpoint } from './endpoint.ts';
import { federationLimits, foreignAddress } from './federation.ts';
import { termsTold } from './federation-terms.ts';

export const elsewhereLimits = {
  /** Of a page of another's catalogue that are shown; more stand on its next pages. */
  datasetsMax: 200,
  offersMax: 50,
  formatsMax: 50,
  titleCharactersMax: 200,
  summaryCharactersMax: 1000,
} as const;

const counterparty = z.string().min(1).max(federationLimits.charactersMax);
const address = z.url().max(federationLimits.charactersMax);

export const formatWays = ['pull', 'push', 'plane', 'none'] as const;
export const foreignFormat = z.object({
  format: z.string(),
  way: z
    .enum(formatWays)
    .describe(
      'pull: fetched at an address that the provider names; push: brought to one that we name; plane: by a data plane of ours; none: nobody here can receive it',
    ),
});

export const foreignDataset = z.object({
  id: z.string(),
  title: z.string().nullable(),
  summary: z.string().nullable(),
  formats: z.array(foreignFormat).max(elsewhereLimits.formatsMax),
  offers: z
    .array(
      z.object({
        id: z.string(),
        title: z.string().nullable(),
        terms: json.describe('its rules as the provider says them, for asking for a contract'),
        told: termsTold,
      }),
    )
    .max(elsewhereLimits.offersMax),
});

export const readCatalogueElsewhere = endpoint({
  id: 'federation.catalogue.read',
  method: 'POST',
  path: '/api/dataspace/catalogue',
  summary: { zh: '查阅其他连接器的目录', en: 'Read a page of another connector’s catalogue, as it is offered to us' },
  permission: 'federation.write',
  body: z
    .object({
      counterparty: counterparty.describe('its participant id'),
      address: foreignAddress,
      next: address.optional().describe('of the next page, as the last one named it'),
    })
    .strict(),
  reply: z.object({
    participant: z.string().nullable().describe('whose catalogue it says that it is'),
    items: z.array(foreignDataset).max(elsewhereLimits.datasetsMax),
    next: z.string().nullable(),
  }),
});

export const listFormats = endpoint({
  id: 'federation.process.formats',
  method: 'GET',
  path: '/api/dataspace/processes/:id/formats',
  summary: {
    zh: '按本协议可请求的传输类型',
    en: 'In which types the provider of a negotiation of ours serves its data set now',
  },
  permission: 'federation.write',
  params: z.object({ id: anyId }),
  reply: z.object({
    offered: z
      .boolean()
      .describe('false: its catalogue has the data set no longer, and all that we can receive are named'),
    items: z.array(foreignFormat).max(elsewhereLimits.formatsMax),
  }),
});

export type ForeignDataset = z.infer<typeof foreignDataset>;
