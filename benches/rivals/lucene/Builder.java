import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.misc.index.BPIndexReorderer;
import org.apache.lucene.misc.index.BPReorderingMergePolicy;
import org.apache.lucene.store.FSDirectory;

/**
 * Builds an index: a key, the words with positions, a bucket to filter by; all stored, as in the other engines.
 *
 * <p>Law: exactly as many segments as asked for. One segment is the outcome of a forced merge; with BP order the merge reorders.
 */
final class Builder {
    private Builder() {}

    static void build(String engine, Path words, Path folder, int segments, String deleted) throws Exception {
        long start = System.nanoTime();
        if (Files.exists(folder)) {
            try (Stream<Path> old = Files.walk(folder)) {
                for (Path path : old.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
        List<String> texts = Files.readAllLines(words);
        IndexWriterConfig config = new IndexWriterConfig(new WhitespaceAnalyzer()).setRAMBufferSizeMB(1500).setUseCompoundFile(false);
        config.setMergePolicy(NoMergePolicy.INSTANCE);
        if (engine.equals("lucene-bp")) {
            config.setMergePolicy(new BPReorderingMergePolicy(new TieredMergePolicy(), reorderer()));
        } else if (segments == 1) {
            config.setMergePolicy(new TieredMergePolicy());
        }
        try (FSDirectory directory = FSDirectory.open(folder); IndexWriter writer = new IndexWriter(directory, config)) {
            // Two commits at least where a merge reorders: it must have something to merge.
            int parts = engine.equals("lucene-bp") ? 2 * segments : segments;
            for (int part = 0; part < parts; part++) {
                for (long number = (long) texts.size() * part / parts; number < (long) texts.size() * (part + 1) / parts; number++) {
                    writer.addDocument(document(number, texts.get((int) number)));
                }
                writer.commit();
            }
            if (segments == 1) {
                writer.forceMerge(1);
            }
            if (!deleted.equals("-")) {
                Set<String> keys = new HashSet<>(Files.readAllLines(Path.of(deleted)));
                for (String key : keys) {
                    writer.deleteDocuments(new Term("id", key));
                }
            }
            writer.commit();
        }
        try (FSDirectory directory = FSDirectory.open(folder); DirectoryReader reader = DirectoryReader.open(directory)) {
            if (reader.leaves().size() != segments) {
                throw new IllegalStateException(reader.leaves().size() + " segments, expected " + segments);
            }
        }
        if (engine.equals("lucene-bp") && inOrder(folder)) {
            throw new IllegalStateException("the merge did not reorder");
        }
        System.out.printf("{\"seconds\":%.2f}%n", (System.nanoTime() - start) / 1e9);
    }

    private static boolean inOrder(Path folder) throws Exception {
        try (FSDirectory directory = FSDirectory.open(folder); DirectoryReader reader = DirectoryReader.open(directory)) {
            var keys = reader.leaves().get(0).reader().getNumericDocValues("key");
            for (int doc = keys.nextDoc(); doc < 1_000; doc = keys.nextDoc()) {
                if (keys.longValue() != doc) {
                    return false;
                }
            }
            return true;
        }
    }

    /** With more memory than a tenth of the heap, which is not enough for these corpora: it would leave the order as it is, silently. */
    private static BPIndexReorderer reorderer() {
        BPIndexReorderer reorderer = new BPIndexReorderer();
        reorderer.setRAMBudgetMB(1500);
        return reorderer;
    }

    private static Document document(long number, String text) {
        Document document = new Document();
        document.add(new StringField("id", Long.toString(number), Field.Store.YES));
        document.add(new NumericDocValuesField("key", number));
        document.add(new TextField("text", text, Field.Store.YES));
        document.add(new StringField("bucket", "b" + number * 7919 % 20, Field.Store.YES));
        return document;
    }
}
