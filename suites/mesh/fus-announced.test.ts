import { expect } from 'chai';
import type { Judgement } from '../../src/core/judge.ts';
import { additionalInformation, updateStatus } from '../../src/mesh/codec/enums.ts';
import { metadataStatus, updateGet } from '../../src/mesh/codec/messages/update.ts';
import { judged } from './written.ts';

describe('mesh verdicts: what an update changes of the node', () => {
  const BEFORE = '02aa';
  /** Announced so, and composition and advertisement afterwards. */
  const announced = (
    additional: number,
    o: { shows?: string; after?: string; next?: string; page?: string; tries?: number },
  ): Judgement =>
    judged('DFUM/FUS/14', (w) => {
      w.ask('announced', updateGet, metadataStatus, { status: updateStatus.SUCCESS, additional, image: 0 });
      const page = (label: string, number: string, data: string | undefined, given = number, tries = 1): void => {
        for (let i = 0; i < tries; i++) w.octets('out', Buffer.from(`8008${number}`, 'hex'), label);
        if (data !== undefined) w.octets('in', Buffer.from(`02${given}${data}`, 'hex'));
      };
      page('before', '00', BEFORE);
      w.add({ type: 'mesh.looked', data: { label: 'restarted', shows: o.shows ?? 'proxy' } });
      page('after', '00', o.after ?? BEFORE, '00', o.tries);
      page('next', '80', o.next, o.page);
    });
  const verdict = (...args: Parameters<typeof announced>): string => announced(...args).verdict;
  const {
    COMPOSITION_UNCHANGED,
    COMPOSITION_CHANGED_NO_REMOTE_PROVISIONING,
    COMPOSITION_CHANGED_REMOTE_PROVISIONING,
    NODE_UNPROVISIONED,
  } = additionalInformation;

  it('passes a change that takes effect only when the node is provisioned anew, and notes it', () => {
    const { verdict: one, notes } = announced(COMPOSITION_CHANGED_NO_REMOTE_PROVISIONING, {});
    expect(one).to.equal('PASS');
    expect(notes.join()).to.include('unchanged until the node is provisioned anew');
    expect(verdict(COMPOSITION_CHANGED_NO_REMOTE_PROVISIONING, { after: '02bb' })).to.equal('PASS');
  });
  it('fails a page 0x80 that shows nothing new, where the change was announced to stand there', () => {
    expect(verdict(COMPOSITION_CHANGED_REMOTE_PROVISIONING, { next: BEFORE })).to.equal('FAIL');
    expect(verdict(COMPOSITION_CHANGED_REMOTE_PROVISIONING, { next: '02bb' })).to.equal('PASS');
    expect(verdict(COMPOSITION_CHANGED_REMOTE_PROVISIONING, {})).to.equal('INCONC');
  });
  it('fails another page that is given for page 0x80, unless it may be a late answer', () => {
    const additional = COMPOSITION_CHANGED_REMOTE_PROVISIONING;
    for (const page of ['00', '01', '02']) expect(verdict(additional, { next: '02bb', page })).to.equal('FAIL');
    expect(verdict(additional, { next: BEFORE, page: '00', tries: 2 })).to.equal('INCONC');
  });
  it('fails a composition and a membership that are other than announced', () => {
    expect(verdict(COMPOSITION_UNCHANGED, { after: '02bb' })).to.equal('FAIL');
    expect(verdict(COMPOSITION_CHANGED_NO_REMOTE_PROVISIONING, { shows: 'unprovisioned' })).to.equal('FAIL');
    expect(verdict(NODE_UNPROVISIONED, { shows: 'proxy' })).to.equal('FAIL');
  });
});
