// A chart of the page; one that stood there before the page did is taken over where it shows the same.
export default async function ({ parentElement, data, setStateValue }) {
  let chart = charts.get(parentElement);
  if (!chart) {
    const first = window.effcoreFirstLook;
    chart = first?.give(data, parentElement) ?? new Chart(parentElement);
    charts.set(parentElement, chart);
    document.cookie = `effcore-look=${getComputedStyle(parentElement).colorScheme}; Path=/; SameSite=Lax; Max-Age=31536000`;
  }
  chart.tell = carried => setStateValue("clicked", { carried, of: chart.given.of, at: Date.now() });
  const end = () => {
    if (chart.latest !== end) return; // Streamlit ends a call that another has overtaken, on the same chart
    chart.end();
    charts.delete(parentElement);
  };
  chart.latest = end;
  await chart.show(data);
  return end;
}
