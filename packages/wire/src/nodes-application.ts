/** 接入申请: what a node's application says of its connector, and what is attached to it. */
import { z } from 'zod';

export const applicationLimits = {
  attachmentsMax: 20,
  attachmentBytesMax: 10 * 1024 * 1024,
  attachmentNameCharactersMax: 120,
  technicalCharactersMax: 200,
  scopeCharactersMax: 1000,
  addressesMax: 16,
  csrCharactersMax: 8000,
} as const;

/** 可信数据空间连接器类型: 0 标准型, 1 全功能型. */
export const connectorTypes = [0, 1] as const;
export const accessWays = ['dedicated', 'internet'] as const;
/** What the infrastructure's access rules ask a connector to show: 网络资质、等保结果、产品备案、密码模块、SBOM、漏洞修复、协议兼容、TEE、审计报告、第三方. */
export const attachmentKinds = [
  'network',
  'classifiedProtection',
  'productFiling',
  'cryptoModule',
  'sbom',
  'vulnerabilities',
  'protocols',
  'tee',
  'audit',
  'thirdParty',
] as const;
export const attachmentTypes = [
  'application/pdf',
  'image/png',
  'image/jpeg',
  'application/json',
  'application/xml',
  'application/zip',
  'text/plain',
] as const;

const technicalText = z.string().trim().min(1).max(applicationLimits.technicalCharactersMax);
const several = <T extends z.ZodType>(one: T) => z.array(one).min(1).max(applicationLimits.addressesMax);
const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** What a connector is, as its operator says: fields of the infrastructure's access rules; nobody has to give them all. */
export const technical = z
  .object({
    accessWay: z.enum(accessWays).optional(),
    addresses: several(z.union([z.ipv4(), z.ipv6()]))
      .optional()
      .describe('IP addresses'),
    domains: several(
      z
        .string()
        .max(253)
        .regex(/^[a-z0-9][a-z0-9-]{0,62}(\.[a-z0-9][a-z0-9-]{0,62})+$/),
    ).optional(),
    macAddresses: several(z.string().regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){5}$/)).optional(),
    issuer: technicalText.optional().describe('of its certificate'),
    vendor: technicalText.optional(),
    vendorCode: technicalText.optional(),
    serialNumber: technicalText.optional(),
    version: technicalText.optional(),
    csr: z
      .string()
      .max(applicationLimits.csrCharactersMax)
      .regex(
        /^-----BEGIN (NEW )?CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]+-----END (NEW )?CERTIFICATE REQUEST-----\n?$/,
      )
      .optional()
      .describe('request for a certificate, PEM'),
    industry: z
      .string()
      .regex(/^[A-T](\d{2,4})?$/)
      .optional()
      .describe('GB/T 4754'),
    scope: z.string().trim().min(1).max(applicationLimits.scopeCharactersMax).optional().describe('what it serves'),
    contact: technicalText.optional().describe('telephone or mailbox of its duty desk, no person’s own'),
  })
  .strict();

/** Signed for with the application; its content follows and is taken in by this digest alone. */
export const attachment = z
  .object({
    kind: z.enum(attachmentKinds),
    name: z.string().trim().min(1).max(applicationLimits.attachmentNameCharactersMax),
    mediaType: z.enum(attachmentTypes),
    bytes: z.number().int().positive().max(applicationLimits.attachmentBytesMax),
    sha256,
  })
  .strict();

/** What a node that applies by itself sends along, as its operator writes it down; files lie beside it. */
export const applicationFile = z
  .object({
    connectorType: z.literal(connectorTypes).default(0),
    technical: technical.optional(),
    attachments: z
      .array(
        z
          .object({
            kind: z.enum(attachmentKinds),
            file: z.string().min(1).max(500),
            mediaType: z.enum(attachmentTypes),
          })
          .strict(),
      )
      .max(applicationLimits.attachmentsMax)
      .default([]),
  })
  .strict();
