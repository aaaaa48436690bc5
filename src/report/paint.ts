// Colour: plain SGR codes (ECMA-48, 8.3.117), and only when the caller says that the terminal wants them.

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Style = keyof typeof codes;

/** The text in a style, or the text itself when `color` is false. */
export function paint(text: string, style: Style, color: boolean): string {
  return color && text !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
}
