import { planRun } from '../../run/plan.ts';
import { pooled } from './execute.ts';
import type { Profile } from './profiles.ts';

/** The ids that each profile selects. */
export async function selections(profiles: readonly Profile[]): Promise<Map<Profile, ReadonlySet<string>>> {
  const plans = await pooled(profiles, 1, (p) => planRun({ ics: p.ics, rig: p.rig, long: true }));
  return new Map(profiles.map((p, i) => [p, new Set(plans[i]?.cases.map((c) => c.id))]));
}
