package org.hgcmdserver.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Rectangle;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jfree.chart.ChartFactory;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.data.category.DefaultCategoryDataset;
import org.jfree.svg.SVGGraphics2D;
import org.jfree.svg.SVGUtils;

/** Draws the medians. */
final class Chart {

    private static final List<Color> COLORS =
            List.of(new Color(0x9e9e9e), new Color(0x616161), new Color(0x1565c0));

    private Chart() {}

    /**
     * @param servers whose medians appear, at most three
     */
    static void write(
            Path file,
            String title,
            List<String> servers,
            Map<String, Map<String, Double>> latencies)
            throws IOException {
        DefaultCategoryDataset medians = new DefaultCategoryDataset();
        latencies.forEach(
                (request, figures) -> {
                    for (String server : servers) {
                        medians.addValue(figures.get(server + ", median"), label(server), request);
                    }
                });
        JFreeChart chart =
                ChartFactory.createBarChart(
                        title, null, null, medians, PlotOrientation.HORIZONTAL, true, false, false);
        style(chart);
        SVGGraphics2D svg = new SVGGraphics2D(820, 640);
        chart.draw(svg, new Rectangle(820, 640));
        SVGUtils.writeToSVG(new File(file.toString()), svg.getSVGElement());
    }

    private static String label(String server) {
        return switch (server) {
            case ServerBenchmark.HG -> "hg serve --cmdserver unix";
            case ServerBenchmark.HG_CACHE -> "the same, cmdserver.max-repo-cache=4";
            case ServerBenchmark.PREFORK -> "hg-cmdserver";
            case ProgramBenchmark.CHG_HERE -> "chg and hg-cmdserver";
            default -> server;
        };
    }

    private static void style(JFreeChart chart) {
        chart.setBackgroundPaint(Color.WHITE);
        chart.getTitle().setFont(new Font("SansSerif", Font.PLAIN, 16));
        chart.getLegend().setFrame(org.jfree.chart.block.BlockBorder.NONE);
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setBackgroundPaint(Color.WHITE);
        plot.setOutlineVisible(false);
        plot.setRangeGridlinePaint(new Color(0xdddddd));
        plot.setRangeGridlineStroke(new BasicStroke(1));
        BarRenderer bars = (BarRenderer) plot.getRenderer();
        bars.setBarPainter(new StandardBarPainter());
        bars.setShadowVisible(false);
        bars.setItemMargin(0.05);
        for (int i = 0; i < COLORS.size(); i++) {
            bars.setSeriesPaint(i, COLORS.get(i));
        }
    }
}
