/** The registrar's own public page: process, fees, complaint channel, team. */
import { audit } from '../../kernel/audit.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';

export interface RegistrarPage {
  process: string;
  complaintChannel: string;
  team: string;
  fees: { item: string; fen: string; unit: string; note: string }[];
}

export const pageOfRegistrar = async (
  read: Reader,
  registrar: string,
): Promise<(RegistrarPage & { updatedAt: Date }) | undefined> => {
  const row = await read.first<{
    process: string;
    complaint_channel: string;
    team: string;
    fees: RegistrarPage['fees'];
    created_at: Date;
  }>(
    sql`select process, complaint_channel, team, fees, created_at from registrar_pages where participant = ${registrar}`,
  );
  return (
    row && {
      process: row.process,
      complaintChannel: row.complaint_channel,
      team: row.team,
      fees: row.fees,
      updatedAt: row.created_at,
    }
  );
};

export const saveRegistrarPage = async (tx: Tx, registrar: string, page: RegistrarPage): Promise<void> => {
  await tx.exec(sql`insert into registrar_pages (participant, node, market, process, complaint_channel, team, fees, created_at)
    values (${registrar}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${page.process}, ${page.complaintChannel}, ${page.team},
      ${JSON.stringify(page.fees)}, ${tx.now})
    on conflict (participant) do update set process = excluded.process, complaint_channel = excluded.complaint_channel,
      team = excluded.team, fees = excluded.fees, created_at = excluded.created_at`);
  // What stood before stays in the audit, so that a fee list of any day can be shown.
  await audit(tx, { action: 'registry.registrar.write', subject: registrar, data: { ...page } });
};
