/** 计算合约: owners let a fixed query run over their data together, a fixed number of times, and see nothing of each other's. */
import { z } from 'zod';
import { anyId, bilingual, decimal, digest, id, name, page, pageQuery, text, time } from './common.ts';
import { agreedEngine } from './compute-engines.ts';
import { computeLimits, psiLimits, sharesLimits } from './compute-limits.ts';
import { noise, value, word } from './compute-noise.ts';
import {
  column,
  counted,
  entitiesMin,
  hex32,
  organisationId,
  payment,
  publicJwk,
  release,
  releaseWays,
  sums,
  way,
} from './compute-nouns.ts';
import { usesPer } from './compute-uses.ts';
import { endpoint } from './endpoint.ts';
import { resourceId } from './registry.ts';
import { statementId } from './settlement-nouns.ts';

export { usesPeriods } from './compute-uses.ts';
export { computeLimits, psiLimits, releaseWays, sharesLimits };

export const computeModes = ['cleanRoom', 'shares', 'psi'] as const;
export const sharesProtocols = ['replicated', 'dealer'] as const;
export const psiProtocols = ['helper', 'ecdh', 'sm2', 'kkrt'] as const;
export const psiOpenings = ['rows', 'count', 'sums'] as const;
export const computationStates = ['draft', 'signed', 'active', 'exhausted', 'expired', 'revoked'] as const;
export const computationUseStates = ['reserved', 'running', 'held', 'released', 'failed', 'returned'] as const;
/** Frozen with the use; then owed by a statement, or given back. */
export const computationMoneyStates = ['freezing', 'frozen', 'owed', 'paid', 'released'] as const;
/** `process`: the engine’s own locks alone, as bubblewrap is not there or may not be used. */
export const isolations = ['bubblewrap', 'process'] as const;
export const disclosures = ['open', 'join', 'aggregate', 'hidden'] as const;
const columnTypes = ['string', 'integer', 'decimal', 'boolean', 'date', 'timestamp'] as const;

export const computationId = id('cpc');
export const computationUseId = id('cpu');
const priceFen = z
  .string()
  .regex(/^(0|[1-9]\d{0,11})$/)
  .describe('whole fen (0.01 CNY) per use');
const params = z.object({ id: computationId });
export const count = z.number().int().nonnegative();

/** What an owner permits of a column; in a clean room its type stands beside it. */
const columnRule = z
  .object({
    name: column,
    rule: z.enum(disclosures),
    except: z
      .array(z.object({ party: organisationId, rule: z.enum(disclosures) }).strict())
      .max(computeLimits.recipientsMax)
      .optional()
      .describe('for single recipients; the strictest of all recipients holds'),
  })
  .strict();
const rulesOf = <Rule extends z.ZodType>(rule: Rule) =>
  z.array(rule).min(1).max(computeLimits.columnsMax).describe('a column that is not named is hidden');

export const dataSet = z
  .object({
    owner: organisationId,
    table: word.describe('as the query calls it'),
    resource: resourceId,
    version: digest.describe('of the resource’s data in normal form: other data need another contract'),
    entity: column.describe('whose distinct values a group must have enough of'),
    columns: rulesOf(columnRule.extend({ type: z.enum(columnTypes) }).strict()),
  })
  .strict();

export const listedParameter = z
  .object({
    name: word,
    title: z.string().trim().min(1).max(100),
    values: z.array(value).min(1).max(computeLimits.valuesMax),
  })
  .strict();

export const moduleOutputTypes = ['string', 'integer', 'decimal', 'boolean'] as const;
const moduleAllowed = {
  memoryMB: z.number().int().min(1).max(computeLimits.moduleMemoryMBMax).default(64),
  seconds: z.number().int().min(1).max(computeLimits.moduleSecondsMax).default(30),
  outputBytes: z.number().int().min(1).max(computeLimits.moduleOutputBytesMax).default(1_048_576),
  release: way.default('ask').describe('ask: a person of every owner approves an output before recipients get it'),
};
const modulePart = z
  .object({
    digest: digest.describe('of a module that your organisation has sent'),
    output: z
      .array(z.object({ name: word, type: z.enum(moduleOutputTypes) }).strict())
      .min(1)
      .max(computeLimits.moduleColumnsMax)
      .describe('what each row of its output consists of'),
    ...moduleAllowed,
  })
  .strict();

const agreed = {
  title: name,
  purpose: text.min(1),
  recipients: z.array(organisationId).min(1).max(computeLimits.recipientsMax),
  uses: z.number().int().min(1).max(computeLimits.usesMax).describe('in total'),
  usesPer: usesPer.optional().describe('and in each day, month or year; left out for no such limit'),
  from: time,
  until: time,
  priceFen,
  payment: payment.optional().describe('required where a use has a price'),
  engine: agreedEngine.optional().describe('left out for this program’s own'),
};
const sqlText = z.string().trim().min(1).max(computeLimits.sqlCharactersMax);

const cleanRoomDraft = z
  .object({
    ...agreed,
    mode: z.literal('cleanRoom').describe('this node computes on data that it holds'),
    dataSets: z.array(dataSet).min(1).max(computeLimits.dataSetsMax),
    query: z
      .object({
        sql: sqlText.optional().describe('required without module'),
        parameters: z.array(listedParameter).max(computeLimits.parametersMax).default([]),
      })
      .strict(),
    module: modulePart.optional().describe('a WebAssembly module that runs in the place of a query'),
    release: release.strict(),
    noise: noise
      .optional()
      .describe('required with release.rho; then every named group is told, and entitiesMin decides nothing'),
  })
  .strict();

export const heldSet = z
  .object({
    owner: organisationId,
    table: word.describe('as the query calls it'),
    commitment: hex32.describe('to the owner’s file, which stays with it: another file needs another contract'),
    channelKey: hex32.describe('X25519: whose process may meet the others'),
    signingKey: publicJwk.describe('signs what the owner’s process states of each use'),
  })
  .strict();

export const sharedSet = heldSet.extend({ columns: rulesOf(columnRule) }).strict();

const sharesDraft = z
  .object({
    ...agreed,
    mode: z.literal('shares').describe('data stay with their two owners; this node is the third of three parties'),
    protocol: z
      .enum(sharesProtocols)
      .default('replicated')
      .describe('dealer: the owners compute alone, on randomness that this node deals before it leaves'),
    dataSets: z.array(sharedSet).length(2).describe('the first owner’s, then the second’s'),
    query: z
      .object({ sql: sqlText.describe('count, sum and avg over both tables, joined by one pair of keys') })
      .strict(),
    release: z
      .object({
        entitiesMin: entitiesMin.describe(
          'common keys that a group, or the whole, must have for anything of it to open',
        ),
        rho: decimal.nullable().optional().describe('refused: no noise is added on shares'),
        how: way.optional().describe('ask is refused: nobody could look before it opens'),
      })
      .strict(),
    noise: noise.optional().describe('refused: no noise is added on shares'),
    decimals: z.number().int().min(0).max(sharesLimits.decimals).describe('places after the point of numbers'),
    rowsMax: z.number().int().min(1).max(sharesLimits.rows).describe('of a table'),
  })
  .strict();

const psiDraft = z
  .object({
    ...agreed,
    mode: z.literal('psi').describe('which keys two owners have in common; data stay with them'),
    dataSets: z.array(heldSet.extend({ key: column.describe('whose values are compared') }).strict()).length(2),
    protocol: z
      .enum(psiProtocols)
      .describe('helper: this node helps; the others without it: ecdh, sm2 for small tables, kkrt a preview'),
    opens: z
      .enum(psiOpenings)
      .describe('rows: each recipient’s own; count: how many are common, to both; sums: over common keys (helper)'),
    sums: sums.optional().describe('required where sums open'),
    count: counted.optional().describe('where a count opens by protocol helper; left out, any number opens'),
    noise: noise.optional().describe('refused: no noise is added to what opens of an intersection'),
    keysMax: z.number().int().min(1).max(psiLimits.keys).describe('distinct keys of an owner'),
  })
  .strict();

const partySignature = z
  .string()
  .max(computeLimits.signatureCharactersMax)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/)
  .describe('base64, by the key of the contract');

export const computationDraft = z.discriminatedUnion('mode', [cleanRoomDraft, sharesDraft, psiDraft]);

const party = z.object({ id: organisationId, name: z.string() });
export const computationSummary = z.object({
  id: computationId,
  title: z.string(),
  state: z.enum(computationStates),
  mode: z.enum(computeModes),
  owners: z.array(party),
  recipients: z.array(party),
  uses: z.object({ total: count, taken: count, left: count }),
  usesPer: usesPer
    .extend({
      left: count.describe('in the period that it is'),
      renewsAt: time.describe('when the next one begins'),
    })
    .nullable()
    .describe('null where only the total is limited'),
  from: time,
  until: time,
  createdAt: time,
});
const milliseconds = z.number().nonnegative().optional();
export const computationUse = z.object({
  id: computationUseId,
  number: count.describe('of the contract’s uses, from 1'),
  state: z.enum(computationUseStates),
  by: party,
  values: z.record(z.string(), z.string()),
  rows: count.nullable(),
  resultDigest: digest
    .nullable()
    .describe('a commitment under a salt that recipients get, and the owners that approve an output; nobody else'),
  reason: bilingual.nullable().describe('why it failed; it counts all the same'),
  job: anyId.nullable(),
  money: z
    .object({
      fen: priceFen.describe('what is frozen for it'),
      state: z.enum(computationMoneyStates),
      statement: statementId.nullable(),
    })
    .nullable()
    .describe('null where a use has no price'),
  isolation: z.enum(isolations).nullable().describe('what it was computed in; null before it began'),
  timings: z
    .object({
      reserve: milliseconds.describe('contract, counter and price'),
      begin: milliseconds,
      check: milliseconds.describe('query and versions held against the contract'),
      data: milliseconds.describe('files held against their digests'),
      release: milliseconds.describe('the result put into its form; left out with noise and of modules'),
      end: milliseconds.describe('evidence signed and logged, the price settled'),
    })
    .describe('milliseconds around the computation, by step; not of the computation itself'),
  answers: z
    .array(z.object({ by: party, approved: z.boolean(), reason: z.string(), at: time }))
    .describe('of owners who looked at the output before it was given out'),
  at: time,
  endedAt: time.nullable(),
});
export const budget = z.object({
  resource: resourceId,
  entity: z.string(),
  limit: z.string().describe('zCDP, a decimal: what is allowed in all'),
  spent: z.string(),
  epsilon: z.number().describe('what all of it tells of one entity at most, at a delta of one in a million'),
});
export const computationView = computationSummary.extend({
  purpose: z.string(),
  trust: bilingual.describe('what the parties have to believe for it to be private'),
  document: z.string().describe('the canonical text that is signed'),
  digest,
  dataSets: z.array(dataSet).describe('that this node holds; none where data stay with their owners'),
  shares: z
    .object({
      protocol: z
        .enum(sharesProtocols)
        .nullable()
        .describe('null where no query is computed on shares by this program'),
      parts: z.array(
        heldSet.extend({
          key: z.string().optional().describe('in mode psi'),
          columns: z.array(columnRule).optional().describe('in mode shares'),
          fingerprint: z.string().describe('of both keys: to be compared with the owner by another way'),
          confirmed: z
            .object({ signature: z.string().describe('base64, over document, by signingKey'), at: time })
            .nullable()
            .describe('by the owner’s own key, which this exchange does not have; null before'),
        }),
      ),
      entitiesMin: count.nullable().describe('that a group must have to open; null where no least number applies'),
      decimals: count,
      rowsMax: count,
      helper: hex32.nullable().describe('this node’s key as the third party; null where the owners are alone'),
    })
    .nullable()
    .describe('what stays with its owners; null in a clean room'),
  query: z.object({
    sql: z.string().describe('as it runs; empty where a module or an intersection does'),
    digest: digest.describe('of what runs: SQL, plan, module or intersection'),
    parameters: z.array(listedParameter),
  }),
  module: z
    .object({
      name: z.string(),
      bytes: count,
      memoryMB: count,
      seconds: count,
      outputBytes: count,
      release: way,
    })
    .nullable(),
  intersection: z
    .object({
      protocol: z.enum(psiProtocols),
      opens: z.enum(psiOpenings),
      sums: sums.nullable(),
      count: counted.nullable(),
    })
    .nullable()
    .describe('in mode psi'),
  output: z.array(z.object({ name: z.string(), type: z.string() })),
  release: release.nullable().describe('null where data stay with their owners'),
  priceFen,
  payment: payment.nullable(),
  engine: agreedEngine.extend({ checked: z.boolean() }).nullable().describe('null for this program’s own'),
  noise: noise.extend({ answerSeconds: noise.shape.answerSeconds.unwrap().optional() }).nullable(),
  privacy: z
    .object({
      rho: decimal.describe('of each use, from every owner’s budget'),
      epsilon: z.number().describe('what one use tells of any one entity at most, at delta'),
      delta: z.number(),
      usesLeft: count.describe('that every owner’s budget still bears'),
      budgets: z.array(budget).describe('your own'),
      warning: bilingual
        .nullable()
        .describe('where all uses together may tell so much of one entity that noise protects little'),
    })
    .nullable(),
  explained: z.array(bilingual).describe('in plain words, what each party learns'),
  overlaps: z
    .array(z.object({ id: computationId, title: z.string(), state: z.enum(computationStates) }))
    .describe(
      'of your own data: other contracts by which one of the recipients asks the same resource in any version, or, where data stay with their owners, anything with the same other owner; two answers may differ in a few entities',
    ),
  signatures: z.array(
    z.object({
      by: party,
      keyId: z.string().describe('of publicKey; whose it is says the trust file'),
      publicKey: publicJwk,
      level: z.string(),
      signature: z.string().describe('base64, over document in the context of agreements'),
      at: time,
    }),
  ),
  isolation: z.enum(isolations).describe('what this node computes in now'),
  reason: z.string().describe('of its end'),
  yours: z.object({ owner: z.boolean(), recipient: z.boolean(), signed: z.boolean() }),
  history: z.array(computationUse),
});
/** With it whoever has a result shows that it is what the record names. */
export const opening = z
  .object({ salt: hex32 })
  .nullable()
  .describe(
    'the digest is that of "shugu opened v1\\n", the salt, and SHA-256 of {"columns":[{"name","type"}…],"rows"} as JSON; null of results from before there was one',
  );
export const computationResult = z.object({
  use: computationUse,
  trust: bilingual,
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      deviation: z.number().nullable().describe('standard deviation of the noise; null without'),
    }),
  ),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  opening,
});

export const draftComputation = endpoint({
  id: 'compute.contract.draft',
  method: 'POST',
  path: '/api/compute/contracts',
  summary: { zh: '起草计算合约', en: 'Draft a computation contract' },
  permission: 'compute.contract.draft',
  body: computationDraft,
  reply: computationView,
  status: 201,
});
export const previewComputation = endpoint({
  id: 'compute.contract.preview',
  method: 'POST',
  path: '/api/compute/contracts/preview',
  summary: { zh: '计算合约会让各方知道什么（不起草）', en: 'What a draft would tell each party, without drafting it' },
  permission: 'compute.contract.draft',
  body: computationDraft,
  reply: z.object({
    explained: z.array(bilingual),
    trust: bilingual,
    sql: z.string().describe('as it would run'),
    output: z.array(z.object({ name: z.string(), type: z.string() })),
  }),
});
export const listComputations = endpoint({
  id: 'compute.contract.list',
  method: 'GET',
  path: '/api/compute/contracts',
  summary: { zh: '计算合约（本单位为一方的）', en: 'Computation contracts that your organisation is a party to' },
  permission: 'compute.contract.read',
  query: pageQuery.extend({ waiting: z.enum(['true']).optional().describe('those that wait for your signature') }),
  reply: page(computationSummary),
});
export const getComputation = endpoint({
  id: 'compute.contract.get',
  method: 'GET',
  path: '/api/compute/contracts/:id',
  summary: { zh: '计算合约', en: 'A computation contract' },
  permission: 'compute.contract.read',
  params,
  reply: computationView,
});
export const signComputation = endpoint({
  id: 'compute.contract.sign',
  method: 'POST',
  path: '/api/compute/contracts/:id/sign',
  summary: { zh: '数据持有单位签署计算合约', en: 'Sign, as an owner of data' },
  permission: 'compute.contract.sign',
  params,
  body: z.object({ digest: digest.describe('of the text that was read') }).strict(),
  reply: computationView,
});
export const confirmComputation = endpoint({
  id: 'compute.contract.confirm',
  method: 'POST',
  path: '/api/compute/contracts/:id/confirmations',
  summary: {
    zh: '数据持有单位以自己保管的密钥确认计算合约原文',
    en: 'Confirm the text, as an owner, by the key that its own process keeps',
  },
  permission: 'compute.use.run',
  params,
  body: z.object({ signature: partySignature }).strict(),
  reply: computationView,
});
export const revokeComputation = endpoint({
  id: 'compute.contract.revoke',
  method: 'POST',
  path: '/api/compute/contracts/:id/revoke',
  summary: { zh: '数据持有单位撤销计算合约', en: 'Revoke, as an owner of data' },
  permission: 'compute.contract.sign',
  params,
  body: z.object({ reason: z.string().trim().min(1).max(computeLimits.reasonCharactersMax) }).strict(),
  reply: computationView,
});
export const runComputation = endpoint({
  id: 'compute.use.run',
  method: 'POST',
  path: '/api/compute/contracts/:id/uses',
  summary: { zh: '运行一次（计一次使用）', en: 'Run once, which takes one use' },
  permission: 'compute.use.run',
  params,
  body: z
    .object({
      query: digest.describe('of the query that is meant'),
      values: z.record(word, value).default({}),
    })
    .strict(),
  reply: computationUse,
  status: 201,
});
export const getComputationResult = endpoint({
  id: 'compute.use.result',
  method: 'GET',
  path: '/api/compute/uses/:id/result',
  summary: { zh: '一次使用的结果（仅结果接收单位）', en: 'The result of a use, for recipients alone' },
  permission: 'compute.use.result',
  params: z.object({ id: computationUseId }),
  reply: computationResult,
});
export const getComputationEvidence = endpoint({
  id: 'compute.use.evidence',
  method: 'GET',
  path: '/api/compute/uses/:id/evidence',
  summary: { zh: '一次使用的证据包', en: 'Evidence of a use, which verifies offline' },
  permission: 'compute.contract.read',
  params: z.object({ id: computationUseId }),
  reply: z.unknown(),
  replyKind: 'bytes',
  mediaType: 'application/json',
});
export type ComputationResult = z.output<typeof computationResult>;

/** The owners' sides of one use whose data stay with them. */
export const computationParts = z.object({
  use: computationUse,
  contract: computationId,
  helper: z.string().nullable().describe('host:port at which this node plays its part; null before it does'),
  parts: z.array(
    z.object({
      owner: organisationId,
      came: z.boolean(),
      address: z.string().nullable().describe('host:port to which the first owner comes'),
      stated: z.boolean(),
    }),
  ),
});
export const useParams = z.object({ id: computationUseId });
export const getParts = endpoint({
  id: 'compute.part.get',
  method: 'GET',
  path: '/api/compute/uses/:id/parts',
  summary: { zh: '各方在一次使用中的到场与地址', en: 'Who of the owners has come to a use, and where they are' },
  permission: 'compute.contract.read',
  params: useParams,
  reply: computationParts,
});
export const comeToUse = endpoint({
  id: 'compute.part.come',
  method: 'PUT',
  path: '/api/compute/uses/:id/part',
  summary: { zh: '数据持有单位到场（在自己的数据旁运行）', en: 'Come to a use as an owner, beside the own data' },
  permission: 'compute.use.run',
  params: useParams,
  body: z
    .object({
      address: z
        .string()
        .max(computeLimits.addressCharactersMax)
        .regex(/^(\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/)
        .nullable()
        .describe('host:port at which the second owner’s process listens; null before it does'),
    })
    .strict(),
  reply: computationParts,
});
export const statePart = endpoint({
  id: 'compute.part.state',
  method: 'POST',
  path: '/api/compute/uses/:id/statements',
  summary: { zh: '数据持有单位对一次使用的签名陈述', en: 'State, signed, what became of a use at an owner' },
  permission: 'compute.use.run',
  params: useParams,
  body: z
    .object({
      statement: z
        .string()
        .min(2)
        .max(computeLimits.statementCharactersMax)
        .describe('canonical JSON, as it was signed'),
      signature: partySignature,
    })
    .strict(),
  reply: computationParts,
});

export const listBudgets = endpoint({
  id: 'compute.budget.list',
  method: 'GET',
  path: '/api/compute/budgets',
  summary: { zh: '本单位数据的隐私预算', en: 'Privacy budgets of your organisation’s data' },
  permission: 'compute.contract.read',
  query: pageQuery,
  reply: page(budget),
});
export const setBudget = endpoint({
  id: 'compute.budget.set',
  method: 'PUT',
  path: '/api/compute/budgets',
  summary: { zh: '设定一份数据的隐私预算', en: 'Set the privacy budget of the entities of one resource' },
  permission: 'compute.contract.sign',
  body: z
    .object({ resource: resourceId, entity: column, rho: decimal.describe('zCDP: what is allowed in all') })
    .strict(),
  reply: budget,
});
