import type { Fault } from '../fault.ts';

/** Observations and their notifications. */
export const REPORTING_FAULTS: readonly Fault[] = [
  {
    name: 'no-notifications',
    describe: 'never notifies',
    violates: ['SWMGMT core.notify'],
    caughtBy: ['SWMGMT/REP/02'],
    apply: { noNotifications: true },
  },
  {
    name: 'activation-not-observable',
    describe: 'ignores Observe on Activation State',
    violates: ['SWMGMT core.observe'],
    caughtBy: ['SWMGMT/REP/01'],
    apply: { notObservable: 12 },
  },
  {
    name: 'notification-differs',
    describe: 'notifies other values than it shows',
    violates: ['SWMGMT core.notify'],
    caughtBy: ['SWMGMT/REP/03'],
    apply: { notificationDiffers: true },
  },
  {
    name: 'observe-number-falls',
    describe: 'counts its notifications backwards',
    violates: ['SWMGMT RFC7641.3.4'],
    caughtBy: ['SWMGMT/REP/04'],
    apply: { observe: { sequenceStep: -1 } },
  },
  {
    name: 'pmin-ignored',
    describe: 'notifies before pmin has passed',
    violates: ['SWMGMT core.attributes'],
    caughtBy: ['SWMGMT/REP/05'],
    apply: { ignoresPmin: true },
  },
  {
    name: 'pmax-ignored',
    describe: 'does not notify when pmax has passed',
    violates: ['SWMGMT core.attributes'],
    caughtBy: ['SWMGMT/REP/05'],
    apply: { ignoresPmax: true },
  },
  {
    name: 'attributes-hidden',
    describe: 'leaves attributes out of Discover',
    violates: ['SWMGMT core.attributes'],
    caughtBy: ['SWMGMT/REP/05'],
    apply: { hidesAttributes: true },
  },
  {
    name: 'notifies-after-cancel',
    describe: 'goes on notifying after a cancel',
    violates: ['SWMGMT RFC7641.3.6'],
    caughtBy: ['SWMGMT/REP/06'],
    apply: { observe: { deafToDeregistration: true, deafToReset: true } },
  },
  {
    name: 'notifies-after-reset',
    describe: 'goes on notifying after a reset',
    violates: ['SWMGMT RFC7641.3.6'],
    caughtBy: ['SWMGMT/REP/06'],
    apply: { observe: { deafToReset: true } },
  },
  {
    name: 'failures-unnotified',
    describe: 'does not notify results of failures',
    violates: ['SWMGMT 9/9'],
    caughtBy: ['SWMGMT/REP/07'],
    apply: { failuresUnnotified: true },
  },
  {
    name: 'instance-notifies-state-only',
    describe: 'notifies the whole instance for changes of Update State only',
    violates: ['SWMGMT core.notify'],
    caughtBy: ['SWMGMT/REP/10'],
    apply: { instanceNotifiesStateOnly: true },
  },
];
