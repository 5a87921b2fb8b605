import { clientAttributes } from '../../../zigbee/codec/attributes.ts';
import type { AttributeContent } from '../../../zigbee/codec/dataTypes.ts';
import { activationPolicy, timeoutPolicy } from '../../../zigbee/codec/numbers.ts';
import type { Behaviour } from '../behaviour.ts';
import { listed, type Options } from '../options.ts';
import type { AttributeValue } from '../zcl.ts';
import type { ClientState } from './state.ts';

const NOTHING = 0xffffffff;
const NO_STACK = 0xffff;

/** The attributes that the client has, with their values now. */
export function attributesOf(state: ClientState, options: Options, behaviour: Behaviour): readonly AttributeValue[] {
  const hex = (value: string): number => Number.parseInt(value, 16);
  const stack = options.stack;
  const values: Readonly<Record<string, AttributeContent>> = {
    UpgradeServerID: state.serverId ?? 'ffffffffffffffff',
    FileOffset: state.offset ?? behaviour.initialOffset ?? NOTHING,
    CurrentFileVersion: state.version,
    CurrentZigBeeStackVersion: stack,
    DownloadedFileVersion: state.downloaded ?? NOTHING,
    DownloadedZigBeeStackVersion: state.downloaded === undefined ? NO_STACK : stack,
    ImageUpgradeStatus: behaviour.shownStatus?.[state.status] ?? state.status,
    ManufacturerID: hex(options.manufacturer),
    ImageTypeID: hex(options.imageType),
    MinimumBlockPeriod: behaviour.keepsPeriodAttribute === true ? 0 : state.period,
    ImageStamp: NOTHING,
    UpgradeActivationPolicy:
      options.oob === 'yes' ? activationPolicy.OUT_OF_BAND_ONLY : activationPolicy.SERVER_MAY_ACTIVATE,
    UpgradeTimeoutPolicy:
      options.timeoutPolicy === 'apply' ? timeoutPolicy.APPLY_AFTER_TIMEOUT : timeoutPolicy.DO_NOT_APPLY,
    ClusterRevision: Number(options.revision),
  };
  const chosen = listed(options.attributes).map((id) => Number.parseInt(id, 16));
  return clientAttributes
    .filter(({ id, mandatory }) => mandatory || options.attributes === 'all' || chosen.includes(id))
    .filter(({ id }) => behaviour.lacksAttribute !== id)
    .concat(clientAttributes.filter(({ id }) => behaviour.extraAttribute === id && !chosen.includes(id)))
    .map(({ id, name, type }) => ({
      id,
      type: behaviour.wrongTypeOf === id ? (behaviour.wrongType ?? type) : type,
      content: values[name] ?? 0,
    }));
}
