/** A client of an S3 store. Its library is loaded with the first one: a node that uses none does not pay for it. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type NetConnectOpts } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import { addressCheck, GatewayProblem, guardedLookup } from '@shugu/gateway';

export interface BucketAddress {
  /** http(s)://host[:port] */
  endpoint: string;
  region: string;
  bucket: string;
  /** The bucket as first level of the path, or as the first label of the host’s name. */
  addressing: 'path' | 'host';
  accessKeyId: string;
}

export type S3Library = typeof import('@aws-sdk/client-s3');

const connectMs = 15_000;
const silenceMs = 60_000;

/** Goes only where the guard lets it, judged by what a name resolves to at the moment of connecting. */
const guarded = <A extends HttpAgent | HttpsAgent>(agent: A, check: (address: string) => boolean): A => {
  const connect = agent.createConnection.bind(agent);
  const create = (options: NetConnectOpts & { host?: string }, done: (error: Error | null) => void) => {
    const { host = '' } = options;
    if (isIP(host) !== 0 && !check(host)) return void done(new GatewayProblem('upstreamAddressRefused'));
    return connect({ ...options, lookup: guardedLookup(check) } as never, done as never);
  };
  return Object.assign(agent, { createConnection: create });
};

/** `allowed`: private addresses that may be reached; null where the operator named the address. */
export const openClient = async (
  { endpoint, region, addressing, accessKeyId }: BucketAddress,
  secretAccessKey: string,
  allowed: readonly string[] | null,
): Promise<{ client: S3Client; library: S3Library }> => {
  const library = await import('@aws-sdk/client-s3');
  const agents = { httpAgent: new HttpAgent({ keepAlive: true }), httpsAgent: new HttpsAgent({ keepAlive: true }) };
  if (allowed !== null) for (const agent of Object.values(agents)) guarded(agent, addressCheck(allowed));
  const client = new library.S3Client({
    endpoint,
    region,
    forcePathStyle: addressing === 'path',
    credentials: { accessKeyId, secretAccessKey },
    // Ours go with every body; what is read back is hashed here. Stores that know no other checksums stay usable.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // What is set here is not looked for in files and variables of this machine.
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    retryMode: 'standard',
    maxAttempts: 3,
    defaultsMode: 'standard',
    userAgentAppId: 'shugu',
    requestHandler: { ...agents, connectionTimeout: connectMs, socketTimeout: silenceMs },
  });
  return { client, library };
};
