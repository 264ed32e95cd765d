import { createHmac, hash } from 'node:crypto';
import {
  ACTIONS,
  type Action,
  type Allowed,
  type Bucket,
  type Counters,
  type Decide,
  type Decision,
  decide,
  type Plan,
  rateShare,
  refusal,
  type UseRequest,
} from '@shugu/policy';
import { type Delivery, metered, UseEnd } from './delivery.ts';
import type {
  Ask,
  Body,
  Driver,
  DriverAnswer,
  DriverConfig,
  GatewayRequest,
  LastKey,
  ServeContext,
} from './drivers/driver.ts';
import { addressHolds, signAddress } from './drivers/file.ts';
import { type Grant, type GrantBook, isOver } from './grants.ts';
import { addLimitHeaders } from './headers.ts';
import type { Meter } from './meter.ts';
import { failureOf, GatewayProblem, problemAnswer } from './problem.ts';
import type { QuotaStore } from './quota.ts';
import { grantKey, type Receipt, receiptsOf } from './receipts.ts';
import type { Units, Use } from './segment.ts';
import { CallStop } from './stop.ts';
import { beginCall, endWith, serveUnder } from './tracing/call.ts';
import type { Tracer } from './tracing/tracer.ts';

export type GatewayOptions = {
  grants: GrantBook;
  quota: QuotaStore;
  meter: Meter;
  /** One driver a kind; each is only ever given the configuration of its kind. */
  drivers: readonly Driver<DriverConfig>[];
  /** At least 32 bytes, the same after a restart: keys of receipts, addresses and masks come from it. */
  secret: Uint8Array;
  /** ms since the epoch. */
  clock: () => number;
  /** Monotonic ms, for durations. */
  timer: () => number;
  /** A new unique id for each use. */
  newId: () => string;
  /** The decision point. A parameter, so that a suite can show what a broken one does. */
  decide?: Decide;
  inFlightMax?: number;
  /** Where the operator wants traces. */
  tracer?: Tracer | undefined;
};

export type GatewayResponse = {
  status: number;
  headers: Record<string, string>;
  body: Body;
  /** To be called when the client got less than the whole body. */
  cut?: (bytesSent: number) => Promise<void>;
  /** Stopped when the answer must end at once, even if the client has stopped reading: the grant was withdrawn. */
  stop?: CallStop;
  /** To be called when the answer is out, cut, or never begun, so that the gateway can let go of it; harmless if repeated. */
  done: () => void;
};

export const IN_FLIGHT_MAX = 2000;
const SWEEP_MS = 500;

/** The data plane: every byte passes `handle`, and every use the one decision in it. */
export class Gateway {
  private readonly options: GatewayOptions;
  private readonly drivers: ReadonlyMap<string, Driver<DriverConfig>>;
  private readonly buckets = new Map<string, Bucket>();
  /** Gateways that serve the same contracts, this one included. */
  private among = 1;
  private shares = new WeakMap<Plan, Plan>();
  private readonly prepared = new WeakMap<Grant, Prepared>();
  private readonly running = new Map<string, Set<CallStop>>();
  private readonly stopListening: () => void;
  private sweeper: NodeJS.Timeout | undefined;
  private inFlight = 0;
  private lastNow = 0;

  constructor(options: GatewayOptions) {
    if (options.secret.length < 32) throw new RangeError('the gateway secret has less than 32 bytes');
    this.options = options;
    this.drivers = new Map(options.drivers.map((driver) => [driver.kind, driver]));
    this.stopListening = options.grants.onChange((grant) => {
      if (grant.status !== 'active')
        for (const stop of this.running.get(grant.id) ?? []) stop.stop(refusal('withdrawn'));
    });
  }

  /** End running answers whose contract has ended meanwhile, also those that nobody reads at the moment. */
  private stopEnded(): void {
    if (this.running.size === 0) {
      clearInterval(this.sweeper);
      this.sweeper = undefined;
    }
    for (const [grantId, stops] of this.running) {
      const grant = this.options.grants.get(grantId);
      if (!grant || isOver(grant, this.now())) for (const stop of stops) stop.stop(refusal('expired'));
    }
  }

  /**
   * Answer one request. Never throws: whatever goes wrong becomes a problem with a stable code. `stop` ends the call from
   * either side: the caller uses it when the client leaves, the gateway when the grant ends.
   */
  handle(request: GatewayRequest, stop = new CallStop()): Promise<GatewayResponse> {
    const answer = this.handled(request, stop);
    if (!this.options.tracer) return answer;
    return answer.then((response) => (request.span ? endWith(response, request.span) : response));
  }

  private handled(request: GatewayRequest, stop: CallStop): Promise<GatewayResponse> {
    if (this.inFlight >= (this.options.inFlightMax ?? IN_FLIGHT_MAX))
      return Promise.resolve({ ...problemAnswer(new GatewayProblem('busy')), done: nothing });
    this.inFlight += 1;
    try {
      const answer = this.answer(request, stop);
      return answer instanceof Promise ? answer.then(this.track, this.fail) : Promise.resolve(this.tracked(answer));
    } catch (error) {
      return Promise.resolve(this.fail(error));
    }
  }

  // Made once: closures of their own would cost each call.
  private readonly track = (response: GatewayResponse): GatewayResponse => this.tracked(response);
  private readonly fail = (error: unknown): GatewayResponse => {
    const problem = error instanceof GatewayProblem ? error : new GatewayProblem('driverFailed', { cause: error });
    return this.tracked({ ...problemAnswer(problem), done: nothing });
  };

  /** Ends all running answers: the gateway may not serve any more. */
  stopRunning(): void {
    for (const stops of this.running.values()) for (const stop of stops) stop.stop(new GatewayProblem('cutOff'));
  }

  close(): void {
    this.stopListening();
    clearInterval(this.sweeper);
    for (const stops of this.running.values()) for (const stop of stops) stop.stop();
  }

  /** Every contract's rate is divided among so many gateways from now on. */
  divideRates(among: number): void {
    if (among === this.among) return;
    this.among = among;
    this.shares = new WeakMap();
  }

  /** The plan with this gateway's share of its rate. */
  private shareOf(plan: Plan): Plan {
    if (this.among === 1 || !plan.rate) return plan;
    let share = this.shares.get(plan);
    if (!share) {
      share = { ...plan, rate: rateShare(plan.rate, this.among) };
      this.shares.set(plan, share);
    }
    return share;
  }

  /** State of a grant's token bucket, for tests and for handing over to another process. */
  setBucket(grantId: string, bucket: Bucket | undefined): void {
    if (bucket) this.buckets.set(grantId, bucket);
    else this.buckets.delete(grantId);
  }

  private tracked(response: GatewayResponse): GatewayResponse {
    const letGo = response.done;
    let open = true;
    response.done = () => {
      if (!open) return;
      open = false;
      this.inFlight -= 1;
      letGo();
    };
    // What hands something out can be stopped until its client has it; only whoever sends it knows when that is.
    if (!(response.body instanceof Uint8Array)) response.body = finishing(response.body, response.done);
    else if (!response.stop) response.done();
    return response;
  }

  private answer(request: GatewayRequest, stop: CallStop): GatewayResponse | Promise<GatewayResponse> {
    const startedAt = this.options.timer();
    const now = this.now();
    const grant = this.grantFor(request, now);
    const { tracer } = this.options;
    if (tracer) beginCall(tracer, request, grant instanceof GatewayProblem ? null : grant, startedAt);
    if (grant instanceof GatewayProblem) return { ...problemAnswer(grant), done: nothing };
    const driver = this.drivers.get(grant.driver.kind);
    if (!driver) throw new GatewayProblem('driverFailed', { detail: grant.driver.kind });
    const ask = driver.ask(request, grant.driver);
    const use = useRequest(request, grant, ask instanceof GatewayProblem ? { metered: false } : ask);
    const decision = this.decision(grant, use, now);
    request.span?.child('decide', 'internal', startedAt).end(decision.allow ? undefined : decision.code);
    if (!decision.allow) return { ...this.refused(decision, grant, now), done: nothing };
    if (ask instanceof GatewayProblem) return { ...problemAnswer(ask), done: nothing };
    if (decision.bucket) this.buckets.set(grant.id, decision.bucket);
    const decidedAt = this.options.timer();
    return this.serve({ request, grant, driver, ask, use, decision, now, startedAt, decidedAt, stop });
  }

  private decision(grant: Grant, use: UseRequest, now: number): Decision {
    if (grant.validUntil !== undefined && now >= grant.validUntil && grant.status === 'active')
      return refusal('expired');
    const used = this.options.quota.read(grant.id, grant.plan, now);
    const counters: Counters = { status: grant.status, used, bucket: this.buckets.get(grant.id) };
    return (this.options.decide ?? decide)(this.shareOf(grant.plan), use, counters, now);
  }

  private refused(decision: Exclude<Decision, { allow: true }>, grant: Grant, now: number) {
    const answer = problemAnswer(decision);
    addLimitHeaders(
      answer.headers,
      this.options.quota,
      grant.id,
      this.shareOf(grant.plan),
      this.buckets.get(grant.id),
      now,
    );
    return answer;
  }

  private async serve(call: Call): Promise<GatewayResponse> {
    const { grant, ask, now, stop } = call;
    const { quota, meter } = this.options;
    if (!meter.isReady) await meter.ready();
    const calls = ask.continues ? 0 : 1;
    const amounts = ask.metered ? { calls, ...ask.estimate } : {};
    // Two uses may both have been allowed on the last unit; the reservation decides between them.
    let reserved = quota.reserve(grant.id, grant.plan, amounts, now);
    if (!reserved.ok && quota.reserveLater) {
      reserved = await quota.reserveLater(grant.id, grant.plan, amounts, now);
      const status = this.options.grants.get(grant.id)?.status ?? 'withdrawn';
      if (status !== 'active') {
        if (reserved.ok) quota.settle(reserved.reservation, { calls: 0, rows: 0, bytes: 0 });
        return { ...this.refused(refusal(status), grant, now), done: nothing };
      }
    }
    if (!reserved.ok)
      return { ...this.refused(refusal(exhaustedCode(reserved.quota.metric)), grant, now), done: nothing };
    const { slice } = reserved.reservation;
    const admittedUse = this.record(call, slice);
    const end = new UseEnd(
      {
        use: admittedUse,
        plan: grant.plan,
        calls,
        reservation: reserved.reservation,
        timer: this.options.timer,
        startedAt: call.startedAt,
        span: call.request.span,
      },
      meter,
      quota,
    );
    this.watch(grant.id, stop);
    try {
      const { span } = call.request;
      const served = span ? serveUnder(span, call.request, grant, () => this.serveWith(call)) : this.serveWith(call);
      const answer = served instanceof Promise ? await served : served;
      const found = this.deliver(answer, call, end);
      const delivered = found instanceof Promise ? await found : found;
      if (!delivered) {
        // Frees an upstream connection whose answer nobody will read.
        stop.stop();
        this.forget(grant.id, stop);
        return { ...this.refused(refusal('volumeExhausted'), grant, now), done: nothing };
      }
      if (delivered.recorded) await delivered.recorded;
      this.addProof(answer.headers, call, admittedUse, answer.metered !== false);
      return {
        status: answer.status,
        headers: answer.headers,
        body: delivered.body,
        cut: delivered.cut,
        stop,
        done: () => this.forget(grant.id, stop),
      };
    } catch (error) {
      const failure = stop.isStopped || !ask.metered ? undefined : failureOf(error);
      if (failure) end.fail(failure);
      else end.release();
      this.forget(grant.id, stop);
      const status = this.options.grants.get(grant.id)?.status;
      if (stop.isStopped && status !== 'active') {
        return { ...this.refused(refusal(status ?? 'withdrawn'), grant, now), done: nothing };
      }
      throw error;
    }
  }

  private serveWith({ driver, request, grant, decision, now, stop }: Call): DriverAnswer | Promise<DriverAnswer> {
    const { countRows, hash, sign } = this.preparedFor(grant);
    return driver.serve({
      request,
      config: grant.driver,
      effects: decision,
      countRows,
      hash,
      maskKey: this.key(grant, 'mask'),
      grantId: grant.id,
      sign,
      now,
      stop,
    });
  }

  /** The body with its record; null when a volume refuses it, in which case nothing left and nothing is held. */
  private deliver(answer: DriverAnswer, call: Call, end: UseEnd): Delivery | null | Promise<Delivery | null> {
    const { body } = answer;
    if (!call.ask.metered || answer.metered === false) {
      end.release();
      return { body, cut: () => Promise.resolve() };
    }
    if (!(body instanceof Uint8Array)) return this.deliverStream(answer, body, call, end);
    const rows = rowsOf(answer);
    if (end.reserve(rows, body.length)) return this.deliverWhole(body, call, end);
    return end
      .reserveLater(rows, body.length)
      .then((more) => (more ? this.deliverWhole(body, call, end) : this.refuse(body, end)));
  }

  private deliverWhole(body: Uint8Array, { stop }: Call, end: UseEnd): Delivery {
    if (stop.isStopped) throw new GatewayProblem('driverFailed', { detail: 'aborted' });
    return { body, cut: (bytesSent: number) => end.cut(bytesSent), recorded: end.complete(body.length, 0) };
  }

  private async deliverStream(
    answer: DriverAnswer,
    body: AsyncIterable<Uint8Array>,
    { grant, stop }: Call,
    end: UseEnd,
  ): Promise<Delivery | null> {
    const known = Number(answer.headers['content-length'] ?? 0);
    const rows = () => rowsOf(answer);
    if (!(end.reserve(rows(), known) || (await end.reserveLater(rows(), known)))) return this.refuse(body, end);
    end.begin();
    return {
      body: metered(body, end, rows, () => !stop.isStopped && !isOver(grant, this.now())),
      cut: (bytesSent) => end.cut(bytesSent),
    };
  }

  private async refuse(body: Body, end: UseEnd): Promise<null> {
    end.release();
    if (!(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
    return null;
  }

  private record({ grant, use, ask, now }: Call, slice: string | undefined): Use {
    const { authorisationReference: reference, purpose } = use;
    // In the order in which records have always been written; what is undefined is not written.
    return {
      use: this.options.newId(),
      grant: grant.id,
      contract: grant.contractId,
      product: grant.productId,
      tenancy: grant.tenancy,
      at: now,
      driver: use.driver,
      action: use.action,
      policy: grant.plan.policyHash,
      purpose: purpose || undefined,
      authorisation: reference
        ? createHmac('sha256', this.key(grant, 'authorisation')).update(reference).digest('base64url')
        : undefined,
      part: ask.continues,
      slice,
      status: 'incomplete',
      units: NOTHING_YET,
      latencyMs: 0,
    };
  }

  /** The answer's headers are its driver's own object, made for this call. */
  private addProof(
    headers: Record<string, string>,
    { grant, startedAt, decidedAt, now, ask }: Call,
    use: Use,
    isMetered: boolean,
  ): void {
    addLimitHeaders(headers, this.options.quota, grant.id, this.shareOf(grant.plan), this.buckets.get(grant.id), now);
    const [decide, total] = [decidedAt - startedAt, this.options.timer() - startedAt];
    headers['server-timing'] = `decide;dur=${hundredths(decide)}, total;dur=${hundredths(total)}`;
    if (!ask.metered || !isMetered) return;
    const receipt = this.receiptOf(grant, use);
    headers['x-receipt'] = receipt.id;
    headers['x-receipt-mac'] = receipt.mac;
    headers['x-receipt-at'] = String(use.at);
  }

  /** The grant that a request may stand on. To anyone who holds none, all products look the same. */
  private grantFor(request: GatewayRequest, now: number): Grant | GatewayProblem {
    const key = keyFrom(request.headers);
    const signature = request.query.get('signature');
    // A key goes first: many upstreams have a parameter of this name themselves.
    if (!key && signature) return this.grantByAddress(request, signature, now);
    if (!key) return new GatewayProblem('credentialsMissing');
    // Looking up the hash, not the key, leaves nothing to learn from how long the comparison takes.
    const keyHash = keyHashOf(key, request.lastKey);
    const grant = this.options.grants.find(keyHash, request.productId, now, request.headers['x-grant']);
    return grant ?? new GatewayProblem('notFound');
  }

  private grantByAddress(
    { query, productId, path }: GatewayRequest,
    signature: string,
    now: number,
  ): Grant | GatewayProblem {
    const grant = this.options.grants.get(query.get('grant') ?? '');
    if (grant?.productId !== productId || !isSignable(grant.driver.kind)) return new GatewayProblem('notFound');
    const address = { grantId: grant.id, productId, file: path, expires: Number(query.get('expires')) };
    return addressHolds(address, signature, this.key(grant, 'address'), now) ? grant : new GatewayProblem('notFound');
  }

  private watch(grantId: string, stop: CallStop): void {
    const stops = this.running.get(grantId);
    if (stops) stops.add(stop);
    else this.running.set(grantId, new Set([stop]));
    this.sweeper ??= setInterval(() => this.stopEnded(), SWEEP_MS).unref();
  }

  private forget(grantId: string, stop: CallStop): void {
    const stops = this.running.get(grantId);
    stops?.delete(stop);
    if (stops?.size === 0) this.running.delete(grantId);
  }

  /** Keys come from the secret and the grant's id alone, so a new version of a grant makes the same ones again. */
  private key(grant: Grant, purpose: KeyPurpose): Buffer {
    const prepared = this.preparedFor(grant);
    let key = prepared[purpose];
    if (!key) {
      key = grantKey(this.options.secret, grant.id, purpose);
      prepared[purpose] = key;
    }
    return key;
  }

  private receiptOf(
    grant: Grant,
    { use, at, contract, product, policy }: Pick<Use, 'use' | 'at' | 'contract' | 'product' | 'policy'>,
  ): Receipt {
    const prepared = this.preparedFor(grant);
    prepared.receipts ??= receiptsOf({ grant: grant.id, contract, product, policy }, this.key(grant, 'receipt'));
    return prepared.receipts(use, at);
  }

  private preparedFor(grant: Grant): Prepared {
    let prepared = this.prepared.get(grant);
    if (!prepared) {
      prepared = {
        countRows: grant.plan.quotas.some(({ metric }) => metric === 'rows'),
        hash: (value) => createHmac('sha256', this.key(grant, 'mask')).update(value).digest('base64url').slice(0, 22),
        sign: (file, expires) =>
          signAddress({ grantId: grant.id, productId: grant.productId, file, expires }, this.key(grant, 'address')),
      };
      this.prepared.set(grant, prepared);
    }
    return prepared;
  }

  /** A clock that was set back must not reopen a period or a contract that is over. */
  private now(): number {
    this.lastNow = Math.max(this.lastNow, this.options.clock());
    return this.lastNow;
  }
}

const nothing = (): void => {};
const NOTHING_YET: Units = { calls: 0, rows: 0, bytes: 0 };

function rowsOf({ rows = 0 }: DriverAnswer): number {
  return typeof rows === 'function' ? rows() : rows;
}

async function* finishing(body: AsyncIterable<Uint8Array>, done: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    done();
  }
}

/** Ways on which an address can stand for a key. */
function isSignable(kind: DriverConfig['kind']): boolean {
  return kind === 'file' || kind === 'share';
}

/** What is the same for every call on one version of a grant. */
type Prepared = Partial<Record<KeyPurpose, Buffer>> &
  Pick<ServeContext<DriverConfig>, 'countRows' | 'hash' | 'sign'> & {
    receipts?: (use: string, at: number) => Receipt;
  };
type KeyPurpose = Parameters<typeof grantKey>[2];

const KEY_LENGTH_MAX = 256;

type Call = {
  request: GatewayRequest;
  grant: Grant;
  driver: Driver<DriverConfig>;
  ask: Ask;
  use: UseRequest;
  decision: Allowed;
  now: number;
  startedAt: number;
  decidedAt: number;
  stop: CallStop;
};

function exhaustedCode(metric: string): 'countExhausted' | 'volumeExhausted' {
  return metric === 'calls' ? 'countExhausted' : 'volumeExhausted';
}

export function keyFrom(headers: GatewayRequest['headers']): string | null {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = bearer ?? headers['x-api-key'];
  return key && key.length <= KEY_LENGTH_MAX ? key : null;
}

function keyHashOf(key: string, last: LastKey | undefined): string {
  if (last && isSameKey(key, last.key)) return last.keyHash;
  const keyHash = hash('sha256', key, 'hex');
  if (last) [last.key, last.keyHash] = [key, keyHash];
  return keyHash;
}

/** In the same time wherever they differ: callers of several buyers may come over one connection, where a proxy joins them. */
function isSameKey(key: string, last: string): boolean {
  if (key.length !== last.length) return false;
  let difference = 0;
  for (let at = 0; at < key.length; at++) difference |= key.charCodeAt(at) ^ last.charCodeAt(at);
  return difference === 0;
}

/** What the caller states per call, or else what the contract's use scenario states. */
function useRequest({ headers }: GatewayRequest, grant: Grant, ask: Ask): UseRequest {
  const action = headers['x-use-action'] ?? grant.defaultAction ?? 'use';
  const use: UseRequest = {
    participant: grant.buyerId,
    driver: grant.driver.kind,
    // An unknown verb is no verb of any contract, and is refused as such.
    action: (isAction(action) ? action : 'unknown') as Action,
    purpose: headers['x-purpose'] ?? grant.defaultPurpose,
    region: grant.buyerRegion,
    authorisationReference: headers['x-authorisation-reference'],
  };
  if (ask.columns) use.columns = ask.columns;
  if (ask.filterColumns) use.filterColumns = ask.filterColumns;
  if (ask.estimate) use.estimate = ask.estimate;
  if (ask.continues) use.continues = true;
  return use;
}

function isAction(action: string): action is Action {
  return (ACTIONS as readonly string[]).includes(action);
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}
