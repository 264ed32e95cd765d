/** A use case that may be refused inside a larger transaction, which goes on without it: of what it wrote nothing stays. */
import { sql, type Tx } from './db/db.ts';
import { Problem } from './problem.ts';

export const attempt = async <T>(tx: Tx, run: () => Promise<T>): Promise<T | Problem> => {
  await tx.exec(sql`savepoint attempt`);
  try {
    const done = await run();
    await tx.exec(sql`release savepoint attempt`);
    return done;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await tx.exec(sql`rollback to savepoint attempt`);
    return error;
  }
};
