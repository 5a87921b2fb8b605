import { findBlock } from '../../coap/block.ts';
import { messages, replies } from '../../coap/events.ts';
import { OPTION } from '../../coap/options.ts';
import type { Kind } from '../../core/log.ts';
import { PACKAGES, packageProgress, packageSent } from '../../link/packages/events.ts';

/** A piece of a package that is not the last went out to the device, by whatever protocol. */
export const packagePiece: Kind<object> = {
  name: 'piece of a package',
  read(e, log) {
    if (packageProgress.read(e, log)?.step === 'piece') return {};
    const sent = e.channel === PACKAGES ? messages.read(e, log) : undefined;
    const { dir, message } = sent ?? {};
    const more = message?.code === '2.05' && findBlock(message.options, OPTION.block2)?.more === true;
    return dir === 'out' && more ? {} : undefined;
  },
};

/** Every octet of a package went out to the device, by whatever protocol. */
export const packageFetched: Kind<{ readonly request: number }> = {
  name: 'complete package fetch',
  read(e, log) {
    const sent = packageSent.read(e, log);
    if (sent !== undefined) return sent;
    const reply = e.channel === PACKAGES ? replies.read(e, log) : undefined;
    const whole = reply?.dir === 'out' && reply.code === '2.05' && reply.body.length > 0;
    return whole && reply.request !== undefined ? { request: reply.request.n } : undefined;
  },
};
