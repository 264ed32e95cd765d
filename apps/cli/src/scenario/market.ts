/** From an empty node to a market on which the named members trade. */
import { applyForMembership, reviewAdmission, seatPeople } from './admission.ts';
import { enableTemplates, enterInstitution, publishRulebook, setUpOperator, staffOperator } from './institutions.ts';
import type { Stage } from './stage.ts';

export const openMarket = async (stage: Stage, setupToken: string, members: readonly string[]): Promise<void> => {
  await setUpOperator(stage, setupToken);
  await staffOperator(stage);
  await enterInstitution(stage, 'registrar');
  await publishRulebook(stage);
  await enableTemplates(stage);
  for (const key of members) {
    const applied = await applyForMembership(stage, key);
    await reviewAdmission(stage, applied.case);
    await seatPeople(stage, key);
  }
};
