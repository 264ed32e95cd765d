/**
 * The matrix *every route × every role and seat*: what the permission tables say, against what the server answers. Whoever may
 * is refused for the form of the request, so that nothing takes effect; whoever may not must be refused before it is read.
 */
import type { AnyEndpoint, Permission } from '@shugu/wire';
import type { PermissionTable } from '../../src/kernel/http/principal.ts';
import { type Answer, eachOf, type Probe, send } from '../support/http.ts';
import { holds, type Someone } from '../support/people.ts';
import { randomId, sampleOf, schemaOf } from '../support/samples.ts';

/** A request that somebody permitted gets back for its form; `plain` where the endpoint has no form to be wrong. */
export interface ShapedProbe extends Probe {
  plain: boolean;
}

const remembered = new Map<AnyEndpoint, ShapedProbe>();

export const probeFor = (endpoint: AnyEndpoint): ShapedProbe => {
  const known = remembered.get(endpoint) ?? shape(endpoint);
  remembered.set(endpoint, known);
  return known;
};

const shape = (endpoint: AnyEndpoint): ShapedProbe => {
  const params = endpoint.params
    ? (sampleOf(schemaOf(endpoint.params), randomId) as Record<string, unknown>)
    : undefined;
  if (endpoint.body) {
    const wrong = [[], 'wrong', 42].find((value) => !endpoint.body.safeParse(value).success);
    if (wrong !== undefined) return { params, body: wrong, plain: false };
  }
  if (endpoint.method === 'POST') return { params, headers: { 'idempotency-key': undefined }, plain: false };
  if (endpoint.query) {
    for (const key of Object.keys(schemaOf(endpoint.query).properties ?? {})) {
      const query = { [key]: '\u0001 no such thing' };
      if (!endpoint.query.safeParse(query).success) return { params, query, plain: false };
    }
  }
  return { params, plain: true };
};

/** What is wrong with an answer; undefined when it is as the tables say. */
export const fault = (
  endpoint: AnyEndpoint,
  permission: Permission,
  may: boolean,
  known: boolean,
  probe: ShapedProbe,
  answer: Answer,
): string | undefined => {
  const said = `${answer.status} ${answer.problem?.code ?? ''}`.trim();
  if (answer.status >= 500) return `${said}, a defect`;
  if (permission !== 'public' && !known)
    return said === '401 kernel.notSignedIn' ? undefined : `${said} instead of 401 kernel.notSignedIn`;
  if (!may) {
    const expected = endpoint.params ? '404 kernel.unknown' : '403 kernel.notPermitted';
    return said === expected ? undefined : `${said} instead of ${expected}`;
  }
  if (!probe.plain) return answer.status === 400 ? undefined : `${said} instead of 400 for the form`;
  if (answer.status === 401 || said === '403 kernel.notPermitted') return `${said} although permitted`;
  return undefined;
};

export interface MatrixOptions {
  url: string;
  endpoints: readonly AnyEndpoint[];
  /** As declared; the endpoints' own may be sabotaged meanwhile. */
  declared: ReadonlyMap<string, Permission>;
  table: PermissionTable;
  people: readonly Someone[];
  /** A token of each person; asked anew for what ends a session. */
  token(login: string, fresh: boolean): Promise<string>;
}

export interface MatrixResult {
  requests: number;
  faults: string[];
}

export const runMatrix = async ({
  url,
  endpoints,
  declared,
  table,
  people,
  token,
}: MatrixOptions): Promise<MatrixResult> => {
  const faults: string[] = [];
  let requests = 0;
  const cells = endpoints.flatMap((endpoint) => [undefined, ...people].map((someone) => ({ endpoint, someone })));
  await eachOf(cells, async ({ endpoint, someone }) => {
    const probe = probeFor(endpoint);
    const endsSession = endpoint.method === 'DELETE' && !endpoint.params;
    const answer = await send(url, endpoint, { ...probe, token: someone && (await token(someone.login, endsSession)) });
    requests++;
    const permission = declared.get(endpoint.id)!;
    const may = someone ? holds(table, someone, permission) : permission === 'public';
    const found = fault(endpoint, permission, may, someone !== undefined, probe, answer);
    if (found) faults.push(`${endpoint.id} as ${someone?.login ?? 'a stranger'}: ${found}`);
  });
  return { requests, faults: faults.sort() };
};
