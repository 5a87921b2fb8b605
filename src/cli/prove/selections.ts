import { InputError } from '../../core/errors.ts';
import { planRun } from '../../run/plan.ts';
import type { Profile } from './profiles.ts';
import { type Subject, wants } from './subject.ts';

/** The ids that each profile runs. */
export type Selection = ReadonlyMap<Profile, ReadonlySet<string>>;

/** What each profile selects, long cases too, of the cases that are wanted. Throws an InputError where that is nothing at all. */
export async function selectionOf(subject: Subject): Promise<Selection> {
  const { name, profiles, cases } = subject;
  const selection = new Map<Profile, ReadonlySet<string>>();
  for (const profile of profiles) {
    const plan = await planRun({ ics: profile.ics, rig: profile.rig, long: true });
    const ids = plan.cases.map((c) => c.id).filter((id) => wants(subject, id));
    selection.set(profile, new Set(ids));
  }
  if (cases !== undefined && [...selection.values()].every((ids) => ids.size === 0))
    throw new InputError(
      'prove',
      `none of the profiles of ${name} selects ${cases.join(', ')}; see \`plumbline why CASE --ics FILE\``,
    );
  return selection;
}
