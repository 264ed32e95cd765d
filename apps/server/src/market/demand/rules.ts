/** States of demands and quotations, and who acts next. */
import type { demandStates, quotationStates } from '@shugu/wire/market-more';

export type DemandState = (typeof demandStates)[number];
export type QuotationState = (typeof quotationStates)[number];
export type DemandMove = 'publish' | 'quote' | 'choose' | 'close';
export type QuotationMove = 'accept' | 'decline' | 'withdraw' | 'lapse';

export const demandMoves: Record<DemandMove, { from: readonly DemandState[]; to: DemandState }> = {
  publish: { from: ['draft'], to: 'published' },
  quote: { from: ['published', 'quoted'], to: 'quoted' },
  choose: { from: ['quoted'], to: 'chosen' },
  close: { from: ['draft', 'published', 'quoted'], to: 'closed' },
};

export const quotationMoves: Record<QuotationMove, { from: readonly QuotationState[]; to: QuotationState }> = {
  accept: { from: ['offered'], to: 'accepted' },
  decline: { from: ['offered'], to: 'declined' },
  withdraw: { from: ['offered'], to: 'withdrawn' },
  lapse: { from: ['offered'], to: 'lapsed' },
};

/** Undefined when the move is not open in this state. */
export const demandMoved = (state: DemandState, move: DemandMove): DemandState | undefined =>
  demandMoves[move].from.includes(state) ? demandMoves[move].to : undefined;
export const quotationMoved = (state: QuotationState, move: QuotationMove): QuotationState | undefined =>
  quotationMoves[move].from.includes(state) ? quotationMoves[move].to : undefined;

interface Next {
  zh: string;
  en: string;
  who: 'buyer' | 'supplier' | 'nobody';
}
const next = (who: Next['who'], zh: string, en: string): Next => ({ who, zh, en });

export const demandNext: Record<DemandState, Next> = {
  draft: next('buyer', '核对后发布', 'Check it and publish'),
  published: next('supplier', '等待供方、数商报价', 'Waiting for quotations'),
  quoted: next('buyer', '比较报价，接受其中一份', 'Compare the quotations and accept one'),
  chosen: next('buyer', '已选定报价，可下单', 'A quotation is chosen; place the order'),
  closed: next('nobody', '需求已关闭', 'The demand is closed'),
};

export const quotationNext: Record<QuotationState, Next> = {
  offered: next('buyer', '接受或谢绝报价', 'Accept or decline'),
  accepted: next('buyer', '凭此报价下单', 'Order with this quotation'),
  declined: next('nobody', '需方已谢绝', 'Declined by the buyer'),
  withdrawn: next('nobody', '供方已撤回', 'Withdrawn by the supplier'),
  lapsed: next('nobody', '报价已过有效期', 'The quotation ran out'),
};

/** Demands of others are seen while they take quotations, and by those who quoted afterwards. */
export const isOpen = (state: DemandState): boolean => state === 'published' || state === 'quoted';

/** The end of that day in Beijing. */
export const endOfDay = (day: string): Date => new Date(new Date(`${day}T00:00:00+08:00`).getTime() + 86_400_000);
