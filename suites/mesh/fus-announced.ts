import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { additionalInformation, updatePhase } from '../../src/mesh/codec/enums.ts';
import { metadataCheck, metadataStatus, updateApply, updateGet } from '../../src/mesh/codec/messages/update.ts';
import { looked, sendings } from '../../src/mesh/kinds.ts';
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
      await t.readComposition('next', 0x80);
    },
    judge: (j) => judgeAnnounced(j),
  },
];

/** Octets of a Composition Data page that answered this question. */
function pageOf(j: J, label: string): string | undefined {
  const asked = j.log.first(sendings(label));
  const event = j.log.events.find(
    (e) =>
      e.n > (asked?.n ?? Number.MAX_SAFE_INTEGER) &&
      e.type === 'mesh.access' &&
      e.dir === 'in' &&
      e.raw?.startsWith('02') === true,
  );
  // Opcode and page number are not part of the page.
  return event?.raw?.slice(4);
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
  const [before, after, next] = ['before', 'after', 'next'].map((label) => pageOf(j, label));
  if (before === undefined || after === undefined) return j.inconclusive(S, 'the composition was not read');
  if (additional === additionalInformation.COMPOSITION_UNCHANGED)
    j.check(S, () => expect(after, 'Composition Data page 0').to.equal(before));
  // Page 0 itself changes only with a node removal or a refresh procedure: the new composition stands in page 0x80, where there is one.
  else if (additional === additionalInformation.COMPOSITION_CHANGED_REMOTE_PROVISIONING) {
    if (next === undefined) return j.inconclusive(S, 'Composition Data page 0x80 was not read');
    j.check(S, () => expect(next, 'Composition Data page 0x80').to.not.equal(before));
  }
  // Without remote provisioning the new composition may take effect only when the node is provisioned anew, and there is no page that shows it.
  else
    j.note(
      `Composition Data page 0 ${after === before ? 'is unchanged until the node is provisioned anew' : 'has changed'}`,
    );
}
