import Foundation
import PolygraphChecking
import PolygraphHistory
import PolygraphReports
import Testing

/// Loads reports in a real browser and looks at what its script made of them.
@Suite(.serialized) struct BrowserTests {
    private static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Runs before the page's own script: keeps errors where a dump of the page shows them.
    private static let catcher = """
        <script>window.addEventListener("error", (event) => {
          document.documentElement.dataset.error = event.message + " at line " + event.lineno;
        });</script>
        """

    /// Runs after it: uses the page as a reader would, and writes down what came of it.
    private static let visitor = """
        <script>
        const note = (name, value) => { document.documentElement.dataset[name] = String(value); };
        const element = (id) => document.getElementById(id);
        note("operations", element("matches").textContent);
        for (const id of ["zoom-in", "next", "previous", "zoom-out", "violation"]) element(id)?.click();
        note("detail", element("detail").textContent);
        for (const key of ["+", "ArrowRight", "ArrowDown", "ArrowLeft", "-", "0", "n", "p", "End", "Home", "Escape"]) {
          element("operations-canvas").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }
        for (const name of ["operations-canvas", "throughput", "latency", "overview", "clocks"]) {
          if (!element(name)) continue;
          const box = element(name).getBoundingClientRect();
          for (const type of ["pointermove", "pointerleave"]) {
            element(name).dispatchEvent(new PointerEvent(type, { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }));
          }
        }
        const clocks = element("clocks");
        if (clocks) {
          const box = clocks.getBoundingClientRect();
          clocks.dispatchEvent(new PointerEvent("pointermove", { clientX: box.x + box.width / 2, clientY: box.y + 50 }));
          note("clocks", element("tooltip").textContent);
          const drawn = clocks.getContext("2d").getImageData(0, 0, clocks.width, clocks.height).data;
          note("clockColours", new Set(new Uint32Array(drawn.buffer)).size);
        }
        document.querySelectorAll("th button").forEach((button) => button.click());
        document.querySelector("[data-outcome=fail]").click();
        note("withoutFail", element("matches").textContent);
        document.querySelector("[data-outcome=fail]").click();
        element("search").value = "write";
        element("search").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        note("writes", element("matches").textContent);
        element("theme").click();
        const canvas = element("operations-canvas");
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        note("colours", new Set(new Uint32Array(pixels.buffer)).size);
        </script>
        """

    private struct Dump {
        let html: String
        func note(_ name: String) -> String? {
            guard let start = html.range(of: "data-\(name)=\"") else { return nil }
            return String(html[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    private func visit(_ run: SyntheticRun) throws -> Dump {
        let browser = try #require(Self.browser)
        let (record, history) = try run.make()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("polygraph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let html = String(decoding: HTMLReport.render(record, history), as: UTF8.self)
            .replacingOccurrences(of: "<head>", with: "<head>" + Self.catcher)
            .replacingOccurrences(of: "</body>", with: Self.visitor + "</body>")
        let file = folder.appendingPathComponent("report.html")
        try Data(html.utf8).write(to: file)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = [
            "--kill-after=5", "120", browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000",
            "--user-data-dir=\(folder.path)/profile", "--dump-dom", file.absoluteString,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let dump = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Dump(html: String(decoding: dump, as: UTF8.self))
    }

    @Test(
        .enabled(if: browser != nil, "SKIPPED: no Chromium on this machine, the HTML report's script is NOT tested"),
        arguments: shapes.map(\.name))
    func `the script runs without an error and shows the history`(shape: String) throws {
        let run = try #require(shapes.first { $0.name == shape }).run
        let (record, history) = try run.make()
        let counts = IndependentCounts(history)
        let dump = try visit(run)
        #expect(dump.note("error") == nil)
        #expect(dump.note("ready") == "true")
        #expect(dump.note("operations")?.filter(\.isNumber) == String(counts.operations))
        let remaining = dump.note("without-fail")
        let rest = counts.operations - (counts.ended[.fail] ?? 0)
        #expect(remaining?.prefix { $0 != " " }.filter(\.isNumber) == String(rest))
        if counts.operations > 100 {
            #expect(Int(dump.note("colours") ?? "0") ?? 0 > 5)
            let writes = history.invocations.count { history.operations[$0].function == "write" }
            #expect(dump.note("writes")?.prefix { $0 != " " }.filter(\.isNumber) == String(writes))
        }
        if record.verdict == .invalid { #expect(dump.note("detail")?.contains("impossible from here on") == true) }
        for id in ["timeline", "operations-canvas", "overview", "throughput", "latency", "faults", "checks", "run"] {
            #expect(dump.html.contains("id=\"\(id)\""))
        }
        #expect(!dump.html.contains("<title>owned</title>"))
        #expect((dump.note("clocks") != nil) == (dump.html.contains("id=\"clocks\"")))
        if let clocks = dump.note("clocks") {
            #expect(clocks.contains("n1 ") && clocks.contains(" ms"), "\(clocks)")
            #expect(Int(dump.note("clock-colours") ?? "0") ?? 0 > 5)
        }
    }
}
