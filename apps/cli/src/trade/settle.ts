/** From the frozen deposit to the trade voucher. */
import type { Contract, Order } from '../scenario/order.ts';
import type { TradeWalk } from './walk.ts';

export const useAndSettle = async (_trade: TradeWalk, _order: Order, _contract: Contract): Promise<void> => {};
