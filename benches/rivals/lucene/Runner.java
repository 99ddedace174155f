import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.Term;
import org.apache.lucene.queryparser.classic.ParseException;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Version;

/**
 * Lucene as its users call it, behind the line protocol of children.py.
 *
 * <p>Law: inside the clock are the query parser (or, for the typed command, the query's construction) and the search. The query cache is
 * off: nothing that depends on the query survives a call. Hits are counted exactly up to the limit only, which is less work than the
 * default of 1,000.
 */
public final class Runner {
    private static final int LEAST = 20;
    private static final Set<String> COMMANDS = Set.of("TOP_10", "TOP_100", "TOP_10_TYPED", "TOP_10_COUNT", "COUNT");

    private final IndexSearcher searcher;
    private final QueryParser parser = new QueryParser("text", new WhitespaceAnalyzer());

    private Runner(Path folder) throws IOException {
        searcher = new IndexSearcher(DirectoryReader.open(FSDirectory.open(folder)));
        searcher.setQueryCache(null);
    }

    private long call(String command, String kind, String query) throws IOException, ParseException {
        return switch (command) {
            case "TOP_10" -> top(parser.parse(query), 10, 10).length;
            case "TOP_100" -> top(parser.parse(query), 100, 100).length;
            case "TOP_10_TYPED" -> top(typed(kind, query), 10, 10).length;
            case "TOP_10_COUNT" -> searcher.search(parser.parse(query), new TopScoreDocCollectorManager(10, null, Integer.MAX_VALUE)).totalHits.value();
            case "COUNT" -> searcher.count(parser.parse(query));
            default -> throw new IllegalArgumentException(command);
        };
    }

    private ScoreDoc[] top(Query query, int limit, int threshold) throws IOException {
        return searcher.search(query, new TopScoreDocCollectorManager(limit, null, threshold)).scoreDocs;
    }

    private static Query typed(String kind, String query) {
        if (kind.equals("phrase")) {
            return new PhraseQuery("text", query.substring(1, query.length() - 1).split(" "));
        }
        String[] words = query.split(" ");
        if (words.length == 1) {
            return new TermQuery(new Term("text", words[0]));
        }
        BooleanQuery.Builder builder = new BooleanQuery.Builder();
        for (String word : words) {
            Occur occur = word.charAt(0) == '+' ? Occur.MUST : word.charAt(0) == '-' ? Occur.MUST_NOT : Occur.SHOULD;
            builder.add(new TermQuery(new Term("text", occur == Occur.SHOULD ? word : word.substring(1))), occur);
        }
        return builder.build();
    }

    private String answers(String query, int limit) throws IOException, ParseException {
        StringBuilder out = new StringBuilder("[");
        for (ScoreDoc hit : top(parser.parse(query), limit, limit)) {
            var leaf = searcher.getIndexReader().leaves().get(ReaderUtil.subIndex(hit.doc, searcher.getIndexReader().leaves()));
            NumericDocValues keys = leaf.reader().getNumericDocValues("key");
            keys.advanceExact(hit.doc - leaf.docBase);
            out.append(out.length() > 1 ? "," : "").append("[").append(keys.longValue()).append(",").append(hit.score).append("]");
        }
        return out.append("]").toString();
    }

    private String timed(String command, String kind, List<String> queries, long budget) throws IOException, ParseException {
        StringBuilder out = new StringBuilder("[");
        long spent = 0;
        int done = 0;
        for (String query : queries) {
            long start = System.nanoTime();
            call(command, kind, query);
            long taken = System.nanoTime() - start;
            out.append(done == 0 ? "" : ",").append(taken);
            spent += taken;
            done += 1;
            if (spent > budget && done >= LEAST) {
                break;
            }
        }
        return out.append("]").toString();
    }

    private static long anonymous() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return 0;
    }

    private String answer(Map<String, List<String>> queries, long bare, String[] words) throws IOException, ParseException {
        if (words[0].equals("memory")) {
            return "{\"bare_kb\":" + bare + ",\"now_kb\":" + anonymous() + "}";
        }
        List<String> all = queries.getOrDefault(words[1], List.of());
        switch (words[0]) {
            case "run" -> {
                List<String> chosen = all.subList(0, Math.min(all.size(), Integer.parseInt(words[3])));
                return COMMANDS.contains(words[2]) ? timed(words[2], words[1], chosen, Long.parseLong(words[4])) : "null";
            }
            case "answers" -> {
                List<String> found = new ArrayList<>();
                for (String query : all.subList(0, Math.min(all.size(), Integer.parseInt(words[3])))) {
                    found.add(answers(query, Integer.parseInt(words[2])));
                }
                return "[" + String.join(",", found) + "]";
            }
            case "counts" -> {
                List<String> found = new ArrayList<>();
                for (String query : all.subList(0, Math.min(all.size(), Integer.parseInt(words[2])))) {
                    found.add(Long.toString(call("COUNT", words[1], query)));
                }
                return "[" + String.join(",", found) + "]";
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static void serve(Path folder, Path file) throws IOException, ParseException {
        long bare = anonymous();
        Map<String, List<String>> queries = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] columns = line.split("\t");
            queries.computeIfAbsent(columns[0], kind -> new ArrayList<>()).add(columns[1]);
        }
        long start = System.nanoTime();
        Runner runner = new Runner(folder);
        double seconds = (System.nanoTime() - start) / 1e9;
        var reader = runner.searcher.getIndexReader();
        System.out.printf(
                "{\"open_s\":%.4f,\"versions\":{\"lucene\":\"%s\",\"java\":\"%s\",\"segments\":\"%d\",\"documents\":\"%d\"}}%n",
                seconds, Version.LATEST, Runtime.version(), reader.leaves().size(), reader.numDocs());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
            System.out.println(runner.answer(queries, bare, line.split(" ")));
            System.out.flush();
        }
    }

    public static void main(String[] words) throws Exception {
        if (words[0].equals("build")) {
            Builder.build(words[1], Path.of(words[2]), Path.of(words[3]), Integer.parseInt(words[4]), words[5]);
        } else {
            serve(Path.of(words[2]), Path.of(words[3]));
        }
    }
}
