import type { AccountAnswer } from './wire.ts';
import { simulatorLabel } from './wire.ts';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign]!);
}

function yuan(fen: string): string {
  const digits = fen.padStart(3, '0');
  return `${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')}.${digits.slice(-2)}`;
}

/** The only page: who has how much, under a label nobody can overlook. No script, nothing loaded from elsewhere. */
export function accountsPage(day: string, accounts: AccountAnswer[], more: boolean): string {
  const rows = accounts.map(
    ({
      account,
      member,
      name,
      balanceFen,
      frozenFen,
      availableFen,
      holds,
    }) => `<tr><td>${account}<td>${escapeHtml(name)}<br>
<small>${escapeHtml(member)}</small><td class="n">${yuan(balanceFen)}<td class="n">${yuan(frozenFen)}<td class="n">${yuan(availableFen)}
<td>${holds.map((hold) => `${escapeHtml(hold.order)} ${yuan(hold.fen)}`).join('<br>')}</tr>`,
  );
  return `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>${simulatorLabel}</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
.label{background:#8a1c1c;color:#fff;padding:.6rem 1rem;font-weight:600}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}
</style><p class="label">${simulatorLabel} · 样张数据，不是银行，没有真实资金 · Not a bank, no real money</p>
<h1>子账户 Sub-accounts</h1><p>营业日 Business day ${day}</p>
<table><thead><tr><th>账号<th>户名<th class="n">余额（元）<th class="n">冻结<th class="n">可用<th>冻结明细</tr></thead>
<tbody>${rows.join('\n') || '<tr><td colspan="6">尚无子账户 None yet</tr>'}</tbody></table>${more ? '<p>只显示前 1000 户 First 1,000 shown</p>' : ''}</html>`;
}
