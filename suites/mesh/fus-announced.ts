import { expect } from 'chai';
import { hexNumber, nameOf } from '../../src/core/layout/names.ts';
import { type Seen, where } from '../../src/core/log.ts';
import { additionalInformation, updatePhase } from '../../src/mesh/codec/enums.ts';
import { compositionGet, compositionStatus } from '../../src/mesh/codec/messages/configuration.ts';
import { metadataCheck, metadataStatus, updateApply, updateGet } from '../../src/mesh/codec/messages/update.ts';
import { looked, message, sendings } from '../../src/mesh/kinds.ts';
import { type J, type MeshCase, reply } from './claims.ts';
import { modeOf } from './moves.ts';

import { APPLY, UPDATE_BASE, UPDATING, verified } from './updates.ts';

/** The announcement of what an update changes. */
export const updateAnnouncedCases: readonly MeshCase[] = [
  {
    ...UPDATE_BASE,
    id: 'DFUM/FUS/14',
    purpose: 'what was announced about the composition comes true with the new firmware',
    statements: ['DFUM-U.announced'],
    ixit: [...UPDATING, 'imageChange', 'metadataChange'],
    async drive(t) {
      const to = t.element('update');
      const image = { data: t.octets('imageChange'), metadata: t.octets('metadataChange') };
      await t.ask('announced', to, metadataCheck, { image: 0, metadata: image.metadata });
      await t.readComposition('before', 0);
      if ((await verified(t, image, modeOf(t, 'update'))) !== updatePhase.VERIFICATION_SUCCEEDED)
        t.stop('the image was not verified');
      await t.ask('status', to, updateGet, {});
      await t.ask('apply', to, updateApply, {});
      // How the device shows itself once it has applied tells whether it is still a node. It is not asked meanwhile: that would make a node of it again.
      await t.pause(APPLY, 'the device applies the update and restarts');
      if ((await t.look('restarted', APPLY)) !== 'proxy') return;
      await t.readComposition('after', 0);
      await t.readComposition('next', NEXT_PAGE);
    },
    judge: (j) => judgeAnnounced(j),
  },
];

const PAGES = message(compositionStatus);
/** The page that tells what page 0 will be. */
const NEXT_PAGE = 0x80;

/** Everything from this question on. */
function since(j: J, label: string): J['log'] {
  return j.log.after({ n: (j.log.first(sendings(label))?.n ?? Number.MAX_SAFE_INTEGER) - 1 });
}

/** Octets of this Composition Data page as it was told; undefined where it was not. */
function pageIn(log: J['log'], page: number): string | undefined {
  const wanted = where(PAGES, `Composition Data page ${page}`, (m) => m.value.page === page);
  return log.first(wanted)?.value.data.toString('hex');
}

/** Another page that the device gave for want of page 0x80: more answers than questions for page 0. Undefined where all may be answers to those. */
function instead(j: J): Seen<{ readonly value: { readonly page: number } }> | undefined {
  const log = since(j, 'after');
  const asked = log.all(where(message(compositionGet, 'out'), 'Get of page 0', (m) => m.value.page === 0));
  const answers = log.all(PAGES);
  return answers.length > asked.length ? answers.at(-1) : undefined;
}

function judgeAnnounced(j: J): void {
  const S = 'DFUM-U.announced';
  const announced = reply(j, S, metadataStatus, 'announced');
  if (announced === undefined) return;
  const { additional } = announced.value;
  const restarted = j.log.first(looked('restarted'));
  if (restarted === undefined) return j.inconclusive(S, 'the new firmware was not seen to start');
  const shown = restarted.shows ?? 'nothing';
  const wanted = additional === additionalInformation.NODE_UNPROVISIONED ? 'unprovisioned' : 'proxy';
  j.note(`announced ${nameOf(additionalInformation, additional)}; advertises as ${shown}`);
  if (restarted.shows === null) return j.inconclusive(S, 'the device was not heard after Apply');
  j.check(S, () => expect(shown, 'advertisement after the update').to.equal(wanted), restarted);
  if (shown !== 'proxy' || wanted !== 'proxy') return;
  const before = pageIn(since(j, 'before').before(restarted), 0);
  const after = pageIn(since(j, 'after'), 0);
  if (before === undefined || after === undefined) return j.inconclusive(S, 'the composition was not read');
  if (additional === additionalInformation.COMPOSITION_UNCHANGED)
    j.check(S, () => expect(after, 'Composition Data page 0').to.equal(before));
  // Page 0 itself changes only with a node removal or a refresh procedure: the new composition stands in page 0x80, where there is one.
  else if (additional === additionalInformation.COMPOSITION_CHANGED_REMOTE_PROVISIONING) {
    const next = pageIn(since(j, 'next'), NEXT_PAGE);
    const other = instead(j);
    if (next === undefined && other === undefined) return j.inconclusive(S, 'Composition Data page 0x80 was not read');
    if (next === undefined)
      return j.check(
        S,
        () =>
          expect(hexNumber(other?.value.page ?? 0, 2), 'page given for page 0x80').to.equal(hexNumber(NEXT_PAGE, 2)),
        other,
      );
    j.check(S, () => expect(next, 'Composition Data page 0x80').to.not.equal(before));
  }
  // Without remote provisioning the new composition may take effect only when the node is provisioned anew, and there is no page that shows it.
  else
    j.note(
      `Composition Data page 0 ${after === before ? 'is unchanged until the node is provisioned anew' : 'has changed'}`,
    );
}
