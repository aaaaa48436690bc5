// What every flavour may rely on: a node's values are of the right form and fit on one line. The command line
// checks them too, where it can name the word that was typed; here they are about to become files that run as root.

import { checkHostname, parseHostAddress, parseIpv4 } from '../address.js';
import { usageError } from '../errors.js';
import type { Node, NodeUser } from '../protocol.js';

const userNamePattern = /^[a-z][a-z0-9-]*$/;
/** userconf-pi takes 32 and later versions fewer; 30 is safe on all of them. */
const maxUserNameLength = 30;

/** A crypt(3) hash, `$6$salt$digest`: no character of it has a meaning to YAML or to a quoting shell. */
const hashPattern = /^\$[A-Za-z0-9]{1,8}\$[A-Za-z0-9./$=,_-]{8,256}$/;

/** Control characters, the Unicode line separators, and halves of surrogate pairs. */
const notOneLine = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Checks all values of a node. Throws a usage error that names the option. */
export function checkNode(node: Node): void {
  if (node.hostname !== '') checkHostname(node.hostname, '--hostname');
  if (node.ipv4) parseIpv4(`${node.ipv4.address}/${node.ipv4.prefixLength}`, '--ipaddr');
  if (node.gateway !== undefined) checkGateway(node.gateway, node);
  for (const server of node.dns) parseHostAddress(server, '--dns');
  if (node.user) checkUser(node.user);
}

/** With an address from DHCP the gateway comes from there as well, and a second one would fight with it. */
function checkGateway(gateway: string, node: Node): void {
  parseHostAddress(gateway, '--gateway');
  if (node.ipv4) return;
  throw usageError('GATEWAY_ALONE', `--gateway ${gateway} has no effect on a node that gets its address by DHCP.`, {
    hint: 'Give the node an address with --ipaddr, or leave --gateway out.',
  });
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

/** Throws a usage error `CONTROL_CHARACTER` when a value has a line break, NUL or another control character. */
export function checkOneLine(value: string, what: string): void {
  if (!notOneLine.test(value)) return;
  throw usageError('CONTROL_CHARACTER', `There is a line break or another control character in ${what}.`, {
    hint: 'Type it again on one line.',
  });
}

/** For messages, which may go to a terminal: no control characters, and not endlessly long. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cs}]/gu, '?').slice(0, 64);
