/** Room for observations, shared by their lists: a bound on each list's length and one on all their text together. */
export interface ObservationRoom {
  /** Whether one more fits into a list that holds `count`; if so its text is charged. */
  take(count: number, texts: readonly string[]): boolean;
  takeText(texts: readonly string[]): boolean;
}

export function openRoom(listLength: number, characters: number): ObservationRoom {
  let left = characters;
  const takeText = (texts: readonly string[]) => {
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    if (length > left) return false;
    left -= length;
    return true;
  };
  return { take: (count, texts) => count < listLength && takeText(texts), takeText };
}
