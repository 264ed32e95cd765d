/** An application for membership or for a further role becomes a case with the operator; the verdict becomes standing. */
import type { Rooms } from '../build.ts';
import type { Cases, Hooks } from '../kernel/case/index.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { memberProcedures } from '../members/index.ts';

export const admissionFlow = (_kernel: Kernel, { members }: Rooms, cases: Cases): RoomParts => {
  members.useDesk({
    file: async (tx, principal, application) => {
      const operator = await members.operatorOf(tx);
      const { case: filed } = await cases.file(tx, principal, {
        procedure: application.procedure,
        handler: operator.id,
        subject: application.subject,
        title: application.title.zh,
        data: application.form,
      });
      for (const { digest, bytes, ...paper } of application.papers) await cases.addPaper(tx, principal, filed.id, paper, { digest, bytes });
      await cases.move(tx, principal, filed.id, 'submit');
      return filed.id;
    },
  });
  return {};
};

export const admissionHooks = (members: Rooms['members']): Record<string, Hooks> => ({
  [memberProcedures.admission]: {
    effects: {
      admit: async (tx, { case: one }) => {
        await members.effects.admit(tx, one.subject!);
        return undefined;
      },
      refuse: async (tx, { case: one }) => {
        await members.effects.refuse(tx, one.subject!);
        return undefined;
      },
    },
  },
});
