// Where each prefecture stands on the tile cartogram: own grid coordinates that keep neighbours near one another, from
// the north-west end of the province to the south-east. No map geometry.

/** Column and row of a tile, from 0. */
export interface Tile {
  column: number;
  row: number;
}

/** Tiles of the prefectures and of Lanzhou New Area, by GB/T 2260 code. */
export const TILES: Readonly<Record<string, Tile>> = {
  "620900": { column: 0, row: 0 },
  "620200": { column: 1, row: 0 },
  "620700": { column: 2, row: 1 },
  "620300": { column: 3, row: 1 },
  "620600": { column: 3, row: 2 },
  "620171": { column: 4, row: 2 },
  "620400": { column: 5, row: 2 },
  "621000": { column: 7, row: 2 },
  "622900": { column: 3, row: 3 },
  "620100": { column: 4, row: 3 },
  "621100": { column: 5, row: 3 },
  "620800": { column: 6, row: 3 },
  "623000": { column: 3, row: 4 },
  "621200": { column: 5, row: 4 },
  "620500": { column: 6, row: 4 },
};

/** Size of the grid. */
export const COLUMNS = 8;
export const ROWS = 5;

/** The prefecture a county belongs to: the first four digits of its code. */
export function prefectureOf(code: string): string {
  return code === "620171" ? code : `${code.slice(0, 4)}00`;
}

/** Names without the words that every one of them ends in. */
export function shortName(name: string): string {
  return name.length <= 2 || name.endsWith("新区") ? name : name.replace(/(回族|藏族|裕固族|蒙古族|哈萨克族|东乡族|保安族|撒拉族)+自治[州县]$|[市州县区]$/, "");
}

/** How much risk a colour stands for: five steps, so that neighbours can be told apart from afar. */
export function riskStep(risk: number): 0 | 1 | 2 | 3 | 4 {
  if (risk >= 80) return 4;
  if (risk >= 60) return 3;
  if (risk >= 40) return 2;
  return risk >= 15 ? 1 : 0;
}
