// Code page 437, the one that 8.3 names and labels are written in. Bytes to text only: piburn writes plain ASCII.

const upperHalf =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** The text of 8.3 bytes; control characters, which no name may hold, become `_`. */
export const decodeOem = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => {
    if (byte >= 0x80) return upperHalf.charAt(byte - 0x80);
    return byte < 0x20 || byte === 0x7f ? '_' : String.fromCharCode(byte);
  }).join('');
