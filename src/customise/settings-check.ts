// What every flavour may rely on: a node's values are of the right form and fit on one line. The command line
// checks them too, where it can name the word that was typed; here they are about to become files that run as root.

import { checkHostname } from '../address.js';
import { usageError } from '../errors.js';
import type { Node, NodeUser } from '../protocol.js';
import { checkNetwork } from './settings-check/network.js';
import { checkOneLine, printable } from './settings-check/one-line.js';
import { checkPayload } from './settings-check/payload.js';
import { checkRegion } from './settings-check/region.js';
import { checkWireless } from './settings-check/wifi.js';

export { checkDomain, checkHosts, checkInterface } from './settings-check/network.js';
export { checkOneLine, printable } from './settings-check/one-line.js';
export { checkBootPath, checkFirstboot, maxFiles, maxFilesBytes } from './settings-check/payload.js';
export { checkKeymap, checkLocale, checkTimezone, type Keymap, parseKeymap } from './settings-check/region.js';
export { checkCountry, checkSsid, isPsk } from './settings-check/wifi.js';

const userNamePattern = /^[a-z][a-z0-9-]*$/;
/** userconf-pi takes 32 and later versions fewer; 30 is safe on all of them. */
const maxUserNameLength = 30;

/** A crypt(3) hash, `$6$salt$digest`: no character of it has a meaning to YAML or to a quoting shell. */
const hashPattern = /^\$[A-Za-z0-9]{1,8}\$[A-Za-z0-9./$=,_-]{8,256}$/;

/** Checks all values of a node. Throws a usage error that names the option. */
export function checkNode(node: Node): void {
  if (node.hostname !== '') checkHostname(node.hostname, '--hostname');
  checkNetwork(node);
  checkWireless(node);
  checkRegion(node);
  checkPayload(node);
  if (node.user) checkUser(node.user);
}

function checkUser(user: NodeUser): void {
  checkUserName(user.name, '--user');
  for (const key of user.authorizedKeys) checkOneLine(key, 'a public key');
  if (user.passwordHash !== undefined && !hashPattern.test(user.passwordHash)) {
    throw usageError('PASSWORD_HASH', `The password of '${user.name}' is no crypt(3) hash such as $6$salt$digest.`, {
      hint: 'Make one with `openssl passwd -6`.',
    });
  }
  if (user.passwordHash === undefined && user.authorizedKeys.length === 0) {
    throw usageError('NO_LOGIN', `The user '${user.name}' has neither a key nor a password and could never log in.`, {
      hint: 'Add --sshkey=default or a password.',
    });
  }
}

/** Checks a Linux user name as Raspberry Pi OS takes it. Throws a usage error `USER_NAME`. */
export function checkUserName(name: string, option: string): void {
  const problem = userNameProblem(name);
  if (problem === undefined) return;
  throw usageError('USER_NAME', `${option}: '${printable(name)}' is no user name: ${problem}.`, {
    hint: `Use 1 to ${maxUserNameLength} lower-case letters, digits and hyphens, starting with a letter, such as alice.`,
  });
}

function userNameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > maxUserNameLength) return `it has ${name.length} characters`;
  if (!userNamePattern.test(name)) return 'it has characters that a user name cannot have';
  if (name === 'root') return 'root exists already';
  return undefined;
}
