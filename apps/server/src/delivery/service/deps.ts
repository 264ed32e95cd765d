/** What the use cases share. */
import type { Tx } from '../../kernel/db/db.ts';
import type { StatementOptions } from '../../kernel/issue/statement.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import { emit } from '../../kernel/outbox.ts';
import type { Seal } from '../../kernel/seal.ts';
import type { Metering } from '../../metering/index.ts';
import type { DeliveryEvents } from '../events.ts';
import type { DeliveryNeighbours, Grant } from '../model.ts';
import type { Plane } from '../plane/plane.ts';
import type { QueryDeps } from './queries.ts';

export interface ServiceDeps extends DeliveryNeighbours, QueryDeps, StatementOptions {
  metering: Pick<Metering, 'registerGrant' | 'setQuotas' | 'endGrant'>;
  seal: Seal;
  allowedUpstreams: readonly string[];
  storesFolder(): Promise<string>;
  /** Where data cut for table shares stands. */
  sharesFolder(): Promise<string>;
  /** Where a file stands while it is traced. */
  tracesFolder(): Promise<string>;
  /** Path of an object’s copy on this machine, which is there when it returns. */
  localPath(digest: string): Promise<string>;
  /** Where a marked copy of a file is written before it is kept as an object. */
  copiesFolder(): Promise<string>;
  keepObject: ObjectStore['put'];
  removeObject: ObjectStore['remove'];
  /** Undefined where there is none. */
  objectSize: ObjectStore['size'];
  /** Marks one copy; from a secret that gateways of their own process never get. */
  copyKey(copy: string): Promise<Buffer>;
  publicUrl(): string;
  /** Undefined before the server listens. */
  plane(): Plane | undefined;
}

type GrantEvent = Extract<keyof DeliveryEvents, `delivery.grant.${string}` | `delivery.level.${string}`>;
type More<K extends GrantEvent> = Omit<DeliveryEvents[K], keyof DeliveryEvents['delivery.grant.resumed']>;

export const tell = <K extends GrantEvent>(tx: Tx, type: K, grant: Grant, more: More<K>): Promise<void> =>
  emit(tx, {
    type,
    subject: grant.id,
    participant: grant.supplier,
    data: {
      grant: grant.id,
      contract: grant.contract,
      order: grant.order,
      product: grant.product,
      version: grant.version,
      supplier: grant.supplier,
      buyer: grant.buyer,
      trial: grant.trial,
      ...more,
    },
  });
