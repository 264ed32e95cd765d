import { GatewayProblem } from '../../problem.ts';
import type { GatewayRequest } from '../driver.ts';

export type ResponseFormat = 'parquet' | 'delta';
export type Capabilities = { format: ResponseFormat; endStream: boolean; fileIdHash: string | null };

/**
 * `delta-sharing-capabilities: responseformat=delta,parquet;includeendstreamaction=true`. Without the header the answer is in
 * the parquet format, and so where both are offered, as every table here is a plain one; only who asks for nothing but delta
 * gets it. @throws requestInvalid for a `fileidhash` that is none of the protocol's
 */
export function capabilitiesOf({ headers }: Pick<GatewayRequest, 'headers'>): Capabilities {
  const asked = new Map<string, string>();
  for (const part of (headers['delta-sharing-capabilities'] ?? '').split(';')) {
    const [name = '', value = ''] = part.split('=');
    asked.set(name.trim().toLowerCase(), value.trim().toLowerCase());
  }
  const formats = (asked.get('responseformat') ?? '').split(',').map((one) => one.trim());
  const fileIdHash = headers.fileidhash ?? null;
  if (fileIdHash !== null && fileIdHash !== 'parquet' && fileIdHash !== 'delta')
    throw new GatewayProblem('requestInvalid', { detail: 'fileidhash' });
  return {
    format: formats.includes('delta') && !formats.includes('parquet') ? 'delta' : 'parquet',
    endStream: asked.get('includeendstreamaction') === 'true',
    fileIdHash,
  };
}

/** What the client is told in return: it chooses its reader by this. */
export function capabilityHeaders({ format, endStream, fileIdHash }: Capabilities): Record<string, string> {
  return {
    'delta-sharing-capabilities': `responseformat=${format}${endStream ? ';includeendstreamaction=true' : ''}`,
    ...(fileIdHash ? { fileidhash: fileIdHash } : {}),
  };
}
