/** Foreign programs of computation contracts, and outputs that wait for their owners' second look. */
import { z } from 'zod';
import { bilingual, digest, name, page, pageQuery, time } from './common.ts';
import {
  computationId,
  computationUse,
  computationUseId,
  computeLimits,
  count,
  opening,
  useParams,
} from './compute.ts';
import { endpoint } from './endpoint.ts';

export const computationModule = z.object({
  digest,
  name: z.string(),
  bytes: count,
  at: time,
});
export const heldOutput = z.object({
  use: computationUse,
  trust: bilingual,
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  digest: digest.describe('what is approved: a commitment, as recipients see it before they get the output'),
  opening,
  until: time.describe('without the answer of every owner by then it is given to nobody'),
});

export const sendModule = endpoint({
  id: 'compute.module.send',
  method: 'POST',
  path: '/api/compute/modules',
  summary: {
    zh: '提交计算模块（WebAssembly）',
    en: 'Send a WebAssembly module, to be named in contracts by its digest',
  },
  permission: 'compute.contract.draft',
  body: z
    .object({
      name,
      content: z
        .base64()
        .min(1)
        .max(Math.ceil(computeLimits.moduleBytesMax / 3) * 4),
    })
    .strict(),
  bodyBytesMax: 1_500_000,
  reply: computationModule,
  status: 201,
});
export const listModules = endpoint({
  id: 'compute.module.list',
  method: 'GET',
  path: '/api/compute/modules',
  summary: { zh: '本单位提交的计算模块', en: 'Modules that your organisation has sent' },
  permission: 'compute.contract.draft',
  query: pageQuery,
  reply: page(computationModule),
});
export const getModule = endpoint({
  id: 'compute.module.get',
  method: 'GET',
  path: '/api/compute/contracts/:id/module',
  summary: { zh: '合约的计算模块（各方可下载查验）', en: 'The module of a contract, for its parties to look at' },
  permission: 'compute.contract.read',
  params: z.object({ id: computationId }),
  reply: z.unknown(),
  replyKind: 'bytes',
  mediaType: 'application/wasm',
});

export const getHeldOutput = endpoint({
  id: 'compute.output.get',
  method: 'GET',
  path: '/api/compute/uses/:id/output',
  summary: { zh: '待批准的输出（仅数据持有单位）', en: 'An output that waits for approval, for owners alone' },
  permission: 'compute.output.answer',
  params: useParams,
  reply: heldOutput,
});
export const listHeldOutputs = endpoint({
  id: 'compute.output.list',
  method: 'GET',
  path: '/api/compute/outputs',
  summary: { zh: '等待本单位批准的输出', en: 'Outputs that wait for your organisation' },
  permission: 'compute.output.answer',
  query: pageQuery,
  reply: page(
    z.object({ use: computationUseId, contract: computationId, title: z.string(), number: count, until: time }),
  ),
});
export const approveOutput = endpoint({
  id: 'compute.output.approve',
  method: 'POST',
  path: '/api/compute/uses/:id/approve',
  summary: { zh: '数据持有单位批准输出', en: 'Approve an output, as an owner of data' },
  permission: 'compute.output.answer',
  params: useParams,
  body: z.object({ digest: digest.describe('of the output that was read') }).strict(),
  reply: computationUse,
});
export const refuseOutput = endpoint({
  id: 'compute.output.refuse',
  method: 'POST',
  path: '/api/compute/uses/:id/refuse',
  summary: { zh: '数据持有单位拒绝输出', en: 'Refuse an output, as an owner of data: recipients get nothing' },
  permission: 'compute.output.answer',
  params: useParams,
  body: z.object({ reason: z.string().trim().min(1).max(computeLimits.reasonCharactersMax) }).strict(),
  reply: computationUse,
});
